import { type Channel, type Network, organicChannel, organicMedium, paidChannel } from './channels.js'
import { AGENT, CAMPAIGN, CLICK, MEDIUM, REFERRER, type Signals, SOFT, SOURCE, WEAK } from './signals.js'
import type { ClickId, Confidence, Evidence } from './types.js'

/** What a rule answers when it matches. */
export interface Verdict {
  readonly source: string
  readonly medium: string
  readonly channel: Channel
  readonly confidence: Confidence
  readonly signal: Evidence['signal']
  /** The value that decided. */
  readonly value: string
  readonly click_id?: ClickId | undefined
}

export interface Rule {
  /** Stored as `rule_id`; lower case with underscores. */
  readonly id: string
  /** When it matches, in words, for `explain`. */
  readonly when?: string | undefined
  /** Sum of the signals of which at least one must be there; without it the rule is always tried. */
  readonly needs?: number | undefined
  /** Only under `compat: 'millimetric'`. */
  readonly compat?: boolean | undefined
  readonly test: (signals: Signals) => Verdict | null
}

/** Where a paid click without a source of its own came from, as far as that can be seen. */
function adSource(s: Signals): string {
  if (s.source !== '') return sourceName(s)
  return s.click_network?.name ?? s.soft_network?.name ?? s.referrer_network?.name ?? 'unknown'
}

/** Aliases become the network's name: `fb` and `facebook.com` are `facebook`. */
function sourceName(s: Signals): string {
  return s.source_network?.name || s.source
}

/** `^(.*(([^a-df-z]|^)shop|shopping).*)$`, as GA4 has it: `shop-sale` and `e-shop`, but no `workshop`. */
const SHOPPING = /(?:[^a-df-z]|^)shop|shopping/i
const VIDEO = /(?:^|[^a-z])(?:video|youtube|yt)(?:[^a-z]|$)/i
const CROSS_NETWORK = /cross[-_ ]network/i

/** The sort of a paid click, from the most to the least that is said about it. */
function adChannel(s: Signals, owner: Network | undefined): Channel {
  const medium = s.medium_is
  if (medium?.kind === 'display' && medium.paid && !medium.guess) return 'display'
  const kind = s.source_network?.kind
  // Search companies sell every sort of advert under one name, so the medium knows better.
  if (
    medium?.paid &&
    medium.kind !== undefined &&
    (kind === undefined || kind === 'search' || kind === 'other')
  ) {
    return paidChannel(medium.kind)
  }
  if (kind !== undefined && kind !== 'other') return paidChannel(kind)
  if (s.campaign !== '') {
    if (SHOPPING.test(s.campaign)) return 'paid_shopping'
    if (VIDEO.test(s.campaign)) return 'paid_video'
  }
  const from = paidChannel(s.referrer_network?.kind)
  return from === 'paid_other' ? paidChannel(owner?.kind) : from
}

/** The sort of a click whose id names the network that sold it. */
function clickChannel(s: Signals, owner: Network): Channel {
  const medium = s.medium_is
  if (owner.kind === 'other') return adChannel(s, owner)
  if (medium?.paid && (s.source_network === undefined || s.source_network.name === owner.name)) {
    if (s.source !== '' || medium.kind !== undefined || s.campaign !== '') return adChannel(s, owner)
  }
  if (medium?.paid && medium.kind === 'display' && !medium.guess) return 'display'
  if (owner.name === 'google' && owner.kind === 'search') return googleSurface(s)
  return paidChannel(owner.kind)
}

/** One id stands for all that Google sells; the place of the click and `gad_source` tell them apart. */
function googleSurface(s: Signals): Channel {
  const place = s.referrer_network?.kind
  if (place === 'video' || place === 'display') return paidChannel(place)
  if (s.source_network?.kind === 'video') return 'paid_video'
  return place === undefined ? (SURFACES.get(s.ad_surface) ?? 'paid_search') : 'paid_search'
}

/** What values of `gad_source` were seen to stand for; Google does not document them. */
const SURFACES: ReadonlyMap<string, Channel> = new Map([
  ['2', 'display'],
  ['3', 'paid_video'],
  ['4', 'cross_network'],
  ['5', 'paid_shopping'],
])

/** The medium speaks of another way of coming than the advert that the id was made for: a copied link. */
function contradicts(s: Signals): boolean {
  const medium = s.medium_is
  if (medium === undefined || medium.paid) return false
  switch (medium.kind) {
    case 'social':
      return s.click_network?.kind !== 'social'
    case 'search':
    case 'video':
    case 'referral':
      return s.source_network === undefined || s.source_network.name !== s.click_network?.name
    default:
      return true
  }
}

function isMeta(network: Network | undefined): boolean {
  return network?.name === 'facebook' || network?.name === 'instagram'
}

function isFbclid(s: Signals): boolean {
  return s.soft_id?.name === 'fbclid'
}

/** The referrer is a known place other than the one whose id the link carries. */
function cameFromElsewhere(s: Signals): boolean {
  const network = s.referrer_network
  return network !== undefined && network.kind !== 'referral' && network.kind !== s.soft_network?.kind
}

function referrer(s: Signals, medium: string, channel: Channel, confidence: Confidence): Verdict {
  const source = s.referrer_network?.name ?? withoutWww(s.referrer_host)
  return { source, medium, channel, confidence, signal: 'referrer', value: s.referrer_host }
}

function withoutWww(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : host
}

/** Mediums that leave open what sort of place it was, so that a known source may say it. */
function isVague(s: Signals): boolean {
  const kind = s.medium_is?.kind
  return kind === 'search' || kind === 'referral' || kind === 'video'
}

/** The rules in order; the first that matches decides. */
export const BUILT_IN: readonly Rule[] = [
  {
    id: 'cross_network',
    when: 'the campaign says cross-network',
    needs: CAMPAIGN,
    test: (s) =>
      CROSS_NETWORK.test(s.campaign)
        ? {
            source: adSource(s),
            medium: s.medium_is?.paid || s.click_id ? 'paid' : s.medium || 'unknown',
            channel: 'cross_network',
            confidence: 'high',
            signal: 'tags',
            value: s.campaign,
            click_id: s.click_id,
          }
        : null,
  },
  {
    id: 'paid_click_id',
    when: 'a click id that only adverts get, and no medium that contradicts it',
    needs: CLICK,
    test: (s) => {
      const owner = s.click_network
      if (s.click_id === undefined || owner === undefined || owner.kind === 'affiliate' || contradicts(s))
        return null
      return {
        source: owner.kind === 'other' && s.source !== '' ? sourceName(s) : owner.name,
        medium: 'paid',
        channel: clickChannel(s, owner),
        confidence: 'high',
        signal: 'click_id',
        value: s.click_id.name,
        click_id: s.click_id,
      }
    },
  },
  {
    id: 'fb_ad_redirect',
    when: 'fbclid behind l.facebook.com or lm.facebook.com (contract)',
    needs: SOFT,
    compat: true,
    test: (s) =>
      isFbclid(s) && (s.referrer_host === 'l.facebook.com' || s.referrer_host === 'lm.facebook.com')
        ? meta(s, 'facebook', 'high')
        : null,
  },
  {
    id: 'fbclid_meta_source',
    when: 'fbclid and a utm_source of Meta (contract)',
    needs: SOFT,
    compat: true,
    test: (s) => (isFbclid(s) && isMeta(s.source_network) ? meta(s, sourceName(s), 'high') : null),
  },
  {
    id: 'paid_medium',
    when: 'a paid medium and a source',
    needs: MEDIUM,
    test: (s) => (s.medium_is?.paid && s.source !== '' ? advert(s, 'high', s.medium) : null),
  },
  {
    id: 'paid_medium_alone',
    when: 'a paid medium without a source',
    needs: MEDIUM,
    test: (s) => (s.medium_is?.paid ? advert(s, 'medium', s.medium) : null),
  },
  {
    id: 'paid_source',
    when: 'a source that names adverts, like facebook-ads',
    needs: SOURCE,
    test: (s) =>
      s.source_network?.paid && (s.medium_is === undefined || s.medium_is.kind === s.source_network.kind)
        ? advert(s, 'high', s.source)
        : null,
  },
  {
    id: 'fbclid_alone',
    when: 'fbclid and no source or medium (contract)',
    needs: SOFT,
    compat: true,
    test: (s) => (isFbclid(s) && s.source === '' && s.medium === '' ? meta(s, 'facebook', 'medium') : null),
  },
  {
    id: 'medium',
    when: 'a medium that says how the visit came: email, social, affiliate …',
    needs: MEDIUM,
    test: (s) => {
      const kind = s.medium_is?.kind
      if (kind === undefined) return null
      const better =
        isVague(s) && s.source_network && s.source_network.kind !== 'referral' ? s.source_network.kind : kind
      return {
        source:
          s.source === '' ? (s.soft_network?.name ?? s.referrer_network?.name ?? 'unknown') : sourceName(s),
        medium: s.medium,
        channel: organicChannel(better),
        confidence: s.source === '' ? 'medium' : 'high',
        signal: 'tags',
        value: s.medium,
      }
    },
  },
  {
    id: 'affiliate_click_id',
    when: 'a click id of an affiliate network',
    needs: CLICK,
    test: (s) =>
      s.click_network?.kind === 'affiliate'
        ? {
            source: s.source === '' ? s.click_network.name : sourceName(s),
            medium: s.medium || 'affiliate',
            channel: 'affiliate',
            confidence: 'high',
            signal: 'click_id',
            value: s.click_id?.name ?? '',
            click_id: s.click_id,
          }
        : null,
  },
  {
    id: 'source',
    when: 'a source that is known: a search engine, a social network, a newsletter …',
    needs: SOURCE,
    test: (s) => (s.source_network === undefined ? null : tagged(s, organicChannel(s.source_network.kind))),
  },
  {
    id: 'soft_click_id',
    when: 'an id that ordinary links of a network or mailing tool carry, and no other known place before',
    needs: SOFT,
    test: (s) => {
      const owner = s.soft_network
      if (owner === undefined || s.soft_id === undefined || cameFromElsewhere(s)) return null
      const network = s.referrer_network?.kind === owner.kind ? s.referrer_network : owner
      return {
        source: s.source === '' ? network.name : s.source,
        medium: s.medium || (s.source === '' ? organicMedium(owner.kind) : 'unknown'),
        channel: organicChannel(owner.kind),
        confidence: s.soft_id.name === 'ysclid' ? 'low' : 'medium',
        signal: 'click_id',
        value: s.soft_id.name,
        click_id: s.soft_id,
      }
    },
  },
  {
    id: 'shopping_campaign',
    when: 'a campaign about shopping, from a source that is not known',
    needs: CAMPAIGN,
    test: (s) =>
      s.referrer_network === undefined && SHOPPING.test(s.campaign) ? tagged(s, 'organic_shopping') : null,
  },
  {
    id: 'source_unknown',
    when: 'a source that is not known; the channel is that of the referrer, if any',
    needs: SOURCE,
    test: (s) => (s.source === '' ? null : tagged(s, referrerChannel(s))),
  },
  {
    id: 'ref_param',
    when: 'ref or source names a known place, and the referrer is none',
    needs: WEAK,
    test: (s) => {
      const network = s.weak_network
      if (s.weak === '' || s.referrer_network !== undefined || s.referrer_is === 'own') return null
      if (network === undefined && s.referrer_host !== '') return null
      return {
        source: network?.name || s.weak,
        medium: network === undefined ? 'referral' : organicMedium(network.kind),
        channel: network === undefined ? 'referral' : organicChannel(network.kind),
        confidence: 'low',
        signal: 'param',
        value: s.weak,
      }
    },
  },
  {
    id: 'referrer_own',
    when: 'the referrer is the own site',
    needs: REFERRER,
    test: (s) =>
      s.referrer_is === 'own'
        ? {
            source: 'internal',
            medium: 'direct',
            channel: 'internal',
            confidence: 'high',
            signal: 'own',
            value: s.referrer_host,
          }
        : null,
  },
  {
    id: 'referrer_local',
    when: 'the referrer is a development machine or a private address',
    needs: REFERRER,
    test: (s) =>
      s.referrer_is === 'local'
        ? {
            source: 'internal',
            medium: 'direct',
            channel: 'internal',
            confidence: 'medium',
            signal: 'own',
            value: s.referrer_host,
          }
        : null,
  },
  {
    id: 'referrer_ad',
    when: 'the referrer serves adverts',
    needs: REFERRER,
    test: (s) =>
      s.referrer_network?.paid ? referrer(s, 'paid', paidChannel(s.referrer_network.kind), 'high') : null,
  },
  {
    id: 'referrer_email',
    when: 'the referrer is a mailbox',
    needs: REFERRER,
    test: (s) =>
      s.referrer_network?.kind === 'email'
        ? { ...referrer(s, 'email', 'email', 'medium'), source: 'email' }
        : null,
  },
  {
    id: 'referrer_neighbour',
    when: 'the referrer is another host of the own domain',
    needs: REFERRER,
    test: (s) =>
      s.referrer_is === 'neighbour'
        ? { ...referrer(s, 'referral', 'referral', 'low'), source: withoutWww(s.referrer_host) }
        : null,
  },
  {
    id: 'referrer_search',
    when: 'the referrer is a search engine',
    needs: REFERRER,
    test: (s) =>
      s.referrer_network?.kind === 'search' ? referrer(s, 'organic', 'organic_search', 'medium') : null,
  },
  {
    id: 'referrer_social',
    when: 'the referrer is a social network',
    needs: REFERRER,
    test: (s) =>
      s.referrer_network?.kind === 'social' ? referrer(s, 'social', 'organic_social', 'medium') : null,
  },
  {
    id: 'referrer_known',
    when: 'the referrer is another known place: AI assistant, video, shopping …',
    needs: REFERRER,
    test: (s) => {
      const kind = s.referrer_network?.kind
      if (kind === undefined) return null
      return referrer(s, organicMedium(kind), organicChannel(kind), kind === 'referral' ? 'low' : 'high')
    },
  },
  {
    id: 'referrer_other',
    when: 'any other referrer',
    needs: REFERRER,
    test: (s) => (s.referrer_host === '' ? null : referrer(s, 'referral', 'referral', 'low')),
  },
  {
    id: 'in_app_browser',
    when: 'the user agent is the browser of an app',
    needs: AGENT,
    test: (s) => {
      const app = s.agent_network
      if (app === undefined) return null
      return {
        source: app.name,
        medium: organicMedium(app.kind),
        channel: organicChannel(app.kind),
        confidence: app.kind === 'search' ? 'low' : 'medium',
        signal: 'user_agent',
        value: s.agent,
      }
    },
  },
  {
    id: 'tagged_unknown',
    when: 'tags that say nothing we know',
    needs: MEDIUM | CAMPAIGN,
    test: (s) => ({ ...tagged(s, 'unassigned'), source: 'unknown', confidence: 'low' }),
  },
  {
    id: 'direct',
    when: 'no signal at all',
    test: (s) => ({
      source: 'direct',
      medium: 'direct',
      channel: 'direct',
      confidence: 'high',
      signal: 'none',
      value: s.dropped_host,
    }),
  },
]

function advert(s: Signals, confidence: Confidence, value: string): Verdict {
  return {
    source: adSource(s),
    medium: 'paid',
    channel: adChannel(s, s.click_network ?? s.soft_network),
    confidence,
    signal: 'tags',
    value,
    click_id: s.click_id ?? s.soft_id,
  }
}

function tagged(s: Signals, channel: Channel): Verdict {
  return {
    source: s.source === '' ? 'unknown' : sourceName(s),
    medium: s.medium || 'unknown',
    channel,
    confidence: 'high',
    signal: 'tags',
    value: s.source || s.medium || s.campaign,
    click_id: s.click_id ?? s.soft_id,
  }
}

/** The contract's verdicts on `fbclid`. */
function meta(s: Signals, source: string, confidence: Confidence): Verdict {
  return {
    source,
    medium: 'paid',
    channel: 'paid_social',
    confidence,
    signal: 'click_id',
    value: 'fbclid',
    click_id: s.soft_id,
  }
}

function referrerChannel(s: Signals): Channel {
  if (s.referrer_host === '' || s.referrer_is === 'own' || s.referrer_is === 'local') return 'unassigned'
  const network = s.referrer_network
  if (network === undefined || s.referrer_is === 'neighbour') return 'referral'
  return network.paid ? paidChannel(network.kind) : organicChannel(network.kind)
}
