import { readAddress } from './address.js'
import type { Network } from './channels.js'
import { findHost } from './host-index.js'
import { isGa4Paid, type Medium, readMedium, spelling } from './mediums.js'
import { noTags, readTags, readValue, type Tags, tidy } from './params.js'
import type { Ruleset } from './ruleset.js'
import { readSource } from './sources.js'
import type { ClickId } from './types.js'

/** What there is to judge by; rules name the ones they need and are not asked without. */
export const SOURCE = 1
export const MEDIUM = 2
export const CAMPAIGN = 4
export const CLICK = 8
export const SOFT = 16
export const WEAK = 32
export const REFERRER = 64
export const AGENT = 128

/** The input, read once: everything that rules look at. */
export interface Signals {
  /** Which of the signals are there, as a sum of the constants above. */
  readonly has: number
  /** Host of the page that was opened, or the request's host; '' when unknown. */
  readonly own_host: string
  /** Host (or app package) that the visit came from; '' when there is none or it was dropped. */
  readonly referrer_host: string
  readonly referrer_app: boolean
  readonly referrer_network: Network | undefined
  /** The referrer is the own site, a neighbour under the same registrable domain, a private address, or none of these. */
  readonly referrer_is: 'own' | 'neighbour' | 'local' | 'foreign'
  /** Host of a referrer that was dropped (payment, log-in, `ignore_referrer`); else ''. */
  readonly dropped_host: string
  /** `utm_source` in lower case and its network when known. */
  readonly source: string
  readonly source_network: Network | undefined
  /** `utm_medium` in lower case and what it means when known. */
  readonly medium: string
  readonly medium_is: Medium | undefined
  readonly campaign: string
  readonly term: string
  readonly content: string
  /** An id that networks put only on paid clicks, or affiliate networks on theirs. */
  readonly click_id: ClickId | undefined
  readonly click_network: Network | undefined
  /** An id that ordinary links carry too: `fbclid`, `mc_cid` … */
  readonly soft_id: ClickId | undefined
  readonly soft_network: Network | undefined
  /** `gad_source`: which of Google's surfaces the advert was on; '' when absent. */
  readonly ad_surface: string
  /** `ref`, `source` and the like, when they look like a name or a host. */
  readonly weak: string
  readonly weak_network: Network | undefined
  /** The app whose in-app browser this is. */
  readonly agent: string
  readonly agent_network: Network | undefined
}

const MAX_URL = 8192
const MAX_REFERRER = 4096
const MAX_AGENT = 1024

const NO_TAGS: Tags = /* @__PURE__ */ noTags()

/** Cuts what is longer than any real one, and drops white space and quotes around it. */
export function clean(text: unknown, limit: number): string {
  if (typeof text !== 'string' || text === '') return ''
  return tidy(text.length > limit ? text.slice(0, limit) : text)
}

export function readSignals(
  url: unknown,
  referrer: unknown,
  requestHost: unknown,
  agent: unknown,
  set: Ruleset,
): Signals {
  const page = clean(url, MAX_URL)
  const tags = page.includes('?') || page.includes('#') ? readTags(page, set.index.params) : NO_TAGS
  const from = readReferrer(clean(referrer, MAX_REFERRER), page, requestHost, tags.ignore !== undefined, set)

  const source = tags.source === undefined ? '' : sourceWord(tags.source.value.toLowerCase())
  const sourceNetwork = source === '' ? undefined : readSource(set, source)
  const medium = tags.medium === undefined ? '' : tags.medium.value.toLowerCase()
  const mediumIs = medium === '' ? undefined : mediumMeaning(set, medium)
  const click = tags.click ?? tags.gad
  const weak = tags.weak === undefined ? '' : nameLike(tags.weak.value)

  let has = 0
  if (source !== '') has |= SOURCE
  if (medium !== '') has |= MEDIUM
  if (tags.campaign !== undefined) has |= CAMPAIGN
  if (click !== undefined) has |= CLICK
  if (tags.soft !== undefined) has |= SOFT
  if (weak !== '') has |= WEAK
  if (from.host !== '') has |= REFERRER
  const app = has === 0 ? readAgent(clean(agent, MAX_AGENT), set.index.agents) : ''
  if (app !== '') has |= AGENT

  return {
    has,
    own_host: from.own,
    referrer_host: from.host,
    referrer_app: from.app,
    referrer_network: from.network,
    referrer_is: from.is,
    dropped_host: from.dropped,
    source,
    source_network: sourceNetwork,
    medium,
    medium_is: mediumIs,
    campaign: tags.campaign === undefined ? '' : tags.campaign.value,
    term: tags.term === undefined ? from.term : tags.term.value,
    content: tags.content === undefined ? '' : tags.content.value,
    click_id: click && { name: click.param.name, value: click.value },
    click_network: click?.param.network,
    soft_id: tags.soft && { name: tags.soft.param.name, value: tags.soft.value },
    soft_network: tags.soft?.param.network,
    ad_surface: tags.gad === undefined ? '' : tags.gad.value,
    weak,
    weak_network: weak === '' ? undefined : readSource(set, weak),
    agent: app,
    agent_network: app === '' ? undefined : set.index.agents.get(app),
  }
}

/** `utm_source=direct` says that there is no source. */
function sourceWord(value: string): string {
  return value === 'direct' ? '' : value
}

function mediumMeaning(set: Ruleset, medium: string): Medium | undefined {
  const value = spelling(medium)
  const own = set.extraMediums?.get(medium) ?? set.extraMediums?.get(value)
  if (own !== undefined) return own
  const meaning = readMedium(set.index.mediums, value)
  if (!set.ga4Mediums) return meaning
  if (isGa4Paid(medium)) return { paid: true, kind: meaning?.kind, guess: true }
  return meaning?.paid && meaning.kind !== 'display' ? undefined : meaning
}

/** A name or a host, not an id, a path or a sentence; else ''. */
function nameLike(value: string): string {
  const text = value.toLowerCase()
  if (text.length > 60) return ''
  const address = text.includes('/') ? readAddress(text).host : text
  return /^[a-z][a-z0-9._-]*[a-z]$/.test(address) ? address : ''
}

interface From {
  readonly own: string
  readonly host: string
  readonly app: boolean
  readonly network: Network | undefined
  readonly is: Signals['referrer_is']
  readonly dropped: string
  readonly term: string
}

function readReferrer(
  text: string,
  page: string,
  requestHost: unknown,
  ignored: boolean,
  set: Ruleset,
): From {
  const requested = clean(requestHost, MAX_AGENT)
  if (text === '') return nowhere('')
  const address = readAddress(text)
  let { host } = address
  if (host === '') return nowhere('')
  if (ignored) return nowhere(host)
  if (address.type === 'app') return fromApp(text, host, address.pathAt, set)
  if (host.endsWith('.translate.goog')) host = untranslated(host)
  const own = page === '' ? '' : readAddress(page).host
  const asked = requested === '' ? '' : hostOf(requested)
  const is = relation(host, own, asked, set)
  const network =
    is === 'own'
      ? undefined
      : ((set.extraHosts && findHost(set.extraHosts, host, text, address.pathAt)) ??
        findHost(set.index.hosts, host, text, address.pathAt) ??
        mailHost(host, set))
  if (network?.drop && is !== 'neighbour') return nowhere(host)
  const local = network === undefined && is === 'foreign' && isLocal(host)
  const term = network?.kind === 'search' && set.term ? searchTerm(text, address.pathAt) : ''
  return { own: own || asked, host, app: false, network, is: local ? 'local' : is, dropped: '', term }
}

function nowhere(dropped: string): From {
  return { own: '', host: '', app: false, network: undefined, is: 'foreign', dropped, term: '' }
}

function hostOf(requestHost: string): string {
  const { host } = readAddress(requestHost)
  return host === '' ? requestHost.toLowerCase() : host
}

/** An app's package, or the site that it names: `android-app://com.some.app/https/www.google.com`. */
function fromApp(text: string, app: string, pathAt: number, set: Ruleset): From {
  const known = set.index.apps.get(app)
  if (known !== undefined) return { ...nowhere(''), host: app, app: true, network: known }
  const host = /^\/https?\/([^/?#]+)/i.exec(text.slice(pathAt))?.[1]?.toLowerCase()
  const network = host === undefined ? undefined : findHost(set.index.hosts, host)
  return {
    ...nowhere(''),
    host: network === undefined || host === undefined ? app : host,
    app: true,
    network,
  }
}

/** `en-m-wikipedia-org.translate.goog` is `en.m.wikipedia.org` read through Google's translation. */
function untranslated(host: string): string {
  return host.slice(0, -'.translate.goog'.length).replace(/--|-/g, (dashes) => (dashes === '-' ? '.' : '-'))
}

function relation(host: string, own: string, asked: string, set: Ruleset): From['is'] {
  const bare = withoutWww(host)
  if (own !== '' && bare === withoutWww(own)) return 'own'
  if (asked !== '' && bare === withoutWww(asked)) return 'own'
  if (set.ownHosts !== undefined && findHost(set.ownHosts, host) !== undefined) return 'own'
  if (neighbours(host, own, set) || neighbours(host, asked, set)) {
    return set.ownDomains === 'registrable' ? 'own' : 'neighbour'
  }
  return 'foreign'
}

function withoutWww(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : host
}

function neighbours(a: string, b: string, set: Ruleset): boolean {
  const dot = a.lastIndexOf('.')
  // Hosts that differ in their last two labels share no registrable domain: most pairs end here.
  if (dot <= 0 || b === '' || !b.endsWith(a.slice(a.lastIndexOf('.', dot - 1) + 1))) return false
  const domain = set.registrable(a)
  return domain !== null && domain === set.registrable(b)
}

const MAIL: Network = { name: 'email', kind: 'email' }

/** Mail hosts of everybody's: `mail.example.com`, `webmail3.isp.example`, `roundcube.example.com`. */
function mailHost(host: string, set: Ruleset): Network | undefined {
  if (!MAIL_LABEL.test(host)) return undefined
  const domain = set.registrable(host)
  if (domain === null || domain.length >= host.length) return undefined
  // The label right above the domain, so that `mail.google.com.example.org` is none.
  const above = host.slice(0, host.length - domain.length - 1)
  return MAIL_LABEL.test(above.slice(above.lastIndexOf('.') + 1)) ? MAIL : undefined
}

const MAIL_LABEL =
  /(?:^|\.)(?:(?:web)?mail\d*|webmail[\w-]*|e-?mail|mailbox|mailbusiness|lightmailer[\w-]*|roundcube|horde|zimbra|owa|deref-mail)(?:\.|$)/

/** Development machines and private networks: never a place that sends visitors. */
function isLocal(host: string): boolean {
  if (!host.includes('.')) return host.charCodeAt(0) !== 91 || /^\[(::1|f[cd]|fe[89ab])/.test(host)
  const c = host.charCodeAt(0)
  if (c > 47 && c < 58 && /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|0)\.[\d.]+$/.test(host))
    return true
  return /\.(local|localhost|test|internal|lan|home\.arpa)$/.test(host)
}

const TERM_PARAMS: readonly string[] = ['q', 'query', 'p', 'wd', 'text']

/** What was searched for, where the engine still says so. */
function searchTerm(text: string, pathAt: number): string {
  const query = text.indexOf('?', pathAt)
  if (query < 0) return ''
  for (const key of TERM_PARAMS) {
    const at = text.indexOf(`${key}=`, query + 1)
    if (at < 0) continue
    const before = text.charCodeAt(at - 1)
    if (before !== 63 && before !== 38 && before !== 35) continue
    const stop = text.slice(at).search(/[&#]/)
    const value = readValue(text, at + key.length + 1, stop < 0 ? text.length : at + stop)
    if (value !== '') return value
  }
  return ''
}

/** The product token of an in-app browser, or ''. */
function readAgent(text: string, agents: ReadonlyMap<string, Network>): string {
  if (text === '') return ''
  const engine = text.indexOf('like Gecko)')
  let at = engine < 0 ? 0 : engine + 11
  while (at < text.length) {
    let next = text.indexOf(' ', at)
    if (next < 0) next = text.length
    const from = text.charCodeAt(at) === 91 ? at + 1 : at
    let to = from
    while (to < next && isWord(text.charCodeAt(to))) to++
    if (to > from) {
      const token = text.slice(from, to)
      if (agents.has(token)) return token
    }
    at = next + 1
  }
  return ''
}

function isWord(c: number): boolean {
  return (c > 64 && c < 91) || (c > 96 && c < 123) || c === 95
}
