import { adChannel, clickChannel, isCopied, SHOPPING } from './adverts.js'
import {
  type Channel,
  type Kind,
  type Network,
  organicChannel,
  organicMedium,
  paidChannel,
} from './channels.js'
import type { Confidence, Evidence } from './classification.js'
import type { Hit } from './params.js'
import { withoutWww } from './referrer.js'
import { AGENT, CAMPAIGN, CLICK, MEDIUM, REFERRER, type Signals, SOFT, SOURCE, WEAK } from './signals.js'

/** What a rule answers when it matches. */
export interface Verdict {
  readonly source: string
  readonly medium: string
  readonly channel: Channel
  readonly confidence: Confidence
  readonly signal: Evidence['signal']
  /** The value that decided. */
  readonly value: string
}

export interface Rule {
  /** Stored as `rule_id`; lower case with underscores. */
  readonly id: string
  /** When it matches, in words, for `explain`. */
  readonly when?: string | undefined
  /** Sum of the signals (`Signals.has`) of which one must be there; without it the rule is always tried. */
  readonly needs?: number | undefined
  /** Only under `compat: 'millimetric'`. */
  readonly compat?: boolean | undefined
  readonly test: (signals: Signals) => Verdict | null
}

/** The rules in order; the first that matches decides. */
export const BUILT_IN: readonly Rule[] = [
  {
    id: 'cross_network',
    needs: CAMPAIGN | MEDIUM,
    test: (s) => {
      if (!/cross[-_ ]network/i.test(s.campaign + s.medium)) return null
      const paid = s.medium_is?.paid || s.click !== undefined
      return say(
        adSource(s),
        paid ? 'paid' : s.medium || 'unknown',
        'cross_network',
        'high',
        'tags',
        s.campaign || s.medium,
      )
    },
  },
  {
    id: 'paid_click_id',
    needs: CLICK,
    test: (s) => {
      const owner = s.click?.param.network
      if (owner === undefined || owner.kind === 'affiliate' || isCopied(s, owner)) return null
      const source = owner.kind === 'other' && s.source !== '' ? sourceName(s) : owner.name
      return byId(s.click, source, 'paid', clickChannel(s, owner), 'high')
    },
  },
  {
    id: 'fb_ad_redirect',
    needs: SOFT,
    compat: true,
    test: (s) =>
      isFbclid(s) && /^lm?\.facebook\.com$/.test(s.referrer.host)
        ? byId(s.soft, 'facebook', 'paid', 'paid_social', 'high')
        : null,
  },
  {
    id: 'fbclid_contract',
    needs: SOFT,
    compat: true,
    test: (s) => {
      if (!isFbclid(s)) return null
      const source = sourceName(s)
      const isMeta = source === 'facebook' || source === 'instagram'
      if (!isMeta && (source !== '' || s.medium !== '')) return null
      return byId(s.soft, source || 'facebook', 'paid', 'paid_social', isMeta ? 'high' : 'medium')
    },
  },
  {
    id: 'paid_medium',
    needs: MEDIUM,
    test: (s) => (s.medium_is?.paid ? advert(s, s.source === '' ? 'medium' : 'high', s.medium) : null),
  },
  {
    id: 'paid_source',
    needs: SOURCE,
    test: (s) => {
      const network = s.source_network
      const open = s.medium_is === undefined || s.medium_is.kind === network?.kind
      return network?.paid && open ? advert(s, 'high', s.source) : null
    },
  },
  {
    id: 'medium',
    needs: MEDIUM,
    test: (s) => {
      if (s.medium_is?.kind === undefined) return null
      const channel = organicChannel(sharper(s, s.medium_is.kind))
      return s.source === ''
        ? say(guessedSource(s), s.medium, channel, 'medium', 'tags', s.medium)
        : say(sourceName(s), s.medium, channel, 'high', 'tags', s.medium)
    },
  },
  {
    id: 'affiliate_click_id',
    needs: CLICK,
    test: (s) => {
      const owner = s.click?.param.network
      if (owner?.kind !== 'affiliate') return null
      return byId(s.click, sourceName(s) || owner.name, s.medium || 'affiliate', 'affiliate', 'high')
    },
  },
  {
    id: 'source',
    needs: SOURCE,
    test: (s) => (s.source_network === undefined ? null : tagged(s, organicChannel(s.source_network.kind))),
  },
  {
    id: 'soft_click_id',
    needs: SOFT,
    test: (s) => {
      const owner = s.soft?.param.network
      if (owner === undefined || cameFromElsewhere(s, owner)) return null
      const confidence = s.soft?.param.name === 'ysclid' ? 'low' : 'medium'
      const channel = organicChannel(owner.kind)
      if (s.source !== '') return byId(s.soft, s.source, s.medium || 'unknown', channel, confidence)
      // `fbclid` is Meta's, so the referrer may still say Instagram.
      const network = s.referrer.network?.kind === owner.kind ? s.referrer.network : owner
      return byId(s.soft, network.name, s.medium || organicMedium(owner.kind), channel, confidence)
    },
  },
  {
    id: 'shopping_campaign',
    needs: CAMPAIGN,
    test: (s) =>
      s.referrer.network === undefined && SHOPPING.test(s.campaign) ? tagged(s, 'organic_shopping') : null,
  },
  {
    id: 'source_unknown',
    needs: SOURCE,
    test: (s) => (s.source === '' ? null : tagged(s, referrerChannel(s))),
  },
  {
    id: 'ref_param',
    needs: WEAK,
    test: (s) => {
      const network = s.weak_network ?? (s.referrer.host === '' ? STRANGER : undefined)
      if (
        s.weak === '' ||
        network === undefined ||
        s.referrer.network !== undefined ||
        s.referrer.is === 'own'
      ) {
        return null
      }
      const { kind } = network
      return say(network.name || s.weak, organicMedium(kind), organicChannel(kind), 'low', 'param', s.weak)
    },
  },
  {
    id: 'referrer_own',
    needs: REFERRER,
    test: (s) => {
      const { is, host } = s.referrer
      if (is !== 'own' && is !== 'local') return null
      return say('internal', 'direct', 'internal', is === 'own' ? 'high' : 'medium', 'own', host)
    },
  },
  {
    id: 'referrer_neighbour',
    needs: REFERRER,
    test: (s) => {
      const { is, network } = s.referrer
      // A mailbox on the own domain is still a mailbox; a search engine there has searched for nobody.
      return is === 'neighbour' && network?.kind !== 'email' ? stranger(s) : null
    },
  },
  {
    id: 'referrer_known',
    needs: REFERRER,
    test: (s) => {
      const { network, host } = s.referrer
      if (network === undefined) return null
      const { name, kind, paid } = network
      if (paid) return say(name, 'paid', paidChannel(kind), 'high', 'referrer', host)
      const source = kind === 'email' ? 'email' : name
      return say(
        source,
        organicMedium(kind),
        organicChannel(kind),
        REFERRER_CONFIDENCE[kind] ?? 'high',
        'referrer',
        host,
      )
    },
  },
  {
    id: 'referrer_other',
    needs: REFERRER,
    test: (s) => (s.referrer.host === '' ? null : stranger(s)),
  },
  {
    id: 'in_app_browser',
    needs: AGENT,
    test: (s) => {
      const app = s.agent_network
      if (app === undefined) return null
      const confidence = app.kind === 'search' ? 'low' : 'medium'
      return say(
        app.name,
        organicMedium(app.kind),
        organicChannel(app.kind),
        confidence,
        'user_agent',
        s.agent,
      )
    },
  },
  {
    id: 'tagged_unknown',
    needs: MEDIUM | CAMPAIGN,
    test: (s) => {
      const value = s.medium || s.campaign
      return value === '' ? null : say('unknown', s.medium || 'unknown', 'unassigned', 'low', 'tags', value)
    },
  },
  {
    id: 'direct',
    test: (s) => say('direct', 'direct', 'direct', 'high', 'none', s.referrer.dropped),
  },
]

/** The contract has search, social and mailboxes at medium; every other kind is an exact match of a host. */
const REFERRER_CONFIDENCE: Readonly<Partial<Record<Kind, Confidence>>> = {
  search: 'medium',
  social: 'medium',
  email: 'medium',
  referral: 'low',
}

const STRANGER: Network = { name: '', kind: 'referral' }

function say(
  source: string,
  medium: string,
  channel: Channel,
  confidence: Confidence,
  signal: Evidence['signal'],
  value: string,
): Verdict {
  return { source, medium, channel, confidence, signal, value }
}

function byId(
  id: Hit | undefined,
  source: string,
  medium: string,
  channel: Channel,
  confidence: Confidence,
): Verdict {
  return say(source, medium, channel, confidence, 'click_id', id?.param.name ?? '')
}

function stranger(s: Signals): Verdict {
  return say(withoutWww(s.referrer.host), 'referral', 'referral', 'low', 'referrer', s.referrer.host)
}

/** An answer from tags that are about no advert. */
function tagged(s: Signals, channel: Channel): Verdict {
  return say(
    sourceName(s) || 'unknown',
    s.medium || 'unknown',
    channel,
    'high',
    'tags',
    s.source || s.campaign,
  )
}

function advert(s: Signals, confidence: Confidence, value: string): Verdict {
  return say(adSource(s), 'paid', adChannel(s, (s.click ?? s.soft)?.param.network), confidence, 'tags', value)
}

function isFbclid(s: Signals): boolean {
  return s.soft?.param.name === 'fbclid'
}

/** Aliases become the network's name: `fb` and `facebook.com` are `facebook`. */
function sourceName(s: Signals): string {
  return s.source_network?.name || s.source
}

function adSource(s: Signals): string {
  return s.source === '' ? (s.click?.param.network?.name ?? guessedSource(s)) : sourceName(s)
}

/** Where a visit without a source came from, as far as its other signals show it. */
function guessedSource(s: Signals): string {
  const weak = s.weak_network && (s.weak_network.name || s.weak)
  return s.soft?.param.network?.name || s.referrer.network?.name || weak || 'unknown'
}

/** A known source says more than mediums that leave the sort of place open, like `organic` or `referral`. */
function sharper(s: Signals, kind: Kind): Kind {
  const vague = kind === 'search' || kind === 'referral' || kind === 'video'
  const source = s.source_network?.kind
  return vague && source !== undefined && source !== 'other' ? source : kind
}

/** The referrer is a known place other than the one whose id the link carries. */
function cameFromElsewhere(s: Signals, owner: Network): boolean {
  const kind = s.referrer.network?.kind
  return kind !== undefined && kind !== 'referral' && kind !== owner.kind
}

function referrerChannel(s: Signals): Channel {
  const { host, is, network } = s.referrer
  if (host === '' || is === 'own' || is === 'local') return 'unassigned'
  if (network === undefined || is === 'neighbour') return 'referral'
  return network.paid ? paidChannel(network.kind) : organicChannel(network.kind)
}
