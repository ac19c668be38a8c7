import { readAgent } from './agent.js'
import type { Network } from './channels.js'
import { isGa4Paid, type Medium, readMedium, spelling } from './mediums.js'
import { type Hit, noTags, readTags, type Tags, tidy } from './params.js'
import { type Referrer, readReferrer } from './referrer.js'
import type { Ruleset } from './ruleset.js'
import { readSource } from './sources.js'

/** What there is to judge by: rules name what they look at and are not asked without it. */
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
  /** Which of the signals are there: the sum of 1 source, 2 medium, 4 campaign, 8 click, 16 soft, 32 weak, 64 referrer, 128 agent. */
  readonly has: number
  readonly referrer: Referrer
  /** `utm_source` in lower case, and the network that it names when known. */
  readonly source: string
  readonly source_network: Network | undefined
  /** `utm_medium` in lower case, and what it means when known. */
  readonly medium: string
  readonly medium_is: Medium | undefined
  readonly campaign: string
  /** An id that networks put only on paid clicks, or affiliate networks on theirs. */
  readonly click: Hit | undefined
  /** An id that ordinary links carry too: `fbclid`, `mc_cid` … */
  readonly soft: Hit | undefined
  /** `ref`, `source` and the like, when they look like a name or a host. */
  readonly weak: string
  readonly weak_network: Network | undefined
  /** The app whose in-app browser this is. */
  readonly agent: string
  readonly agent_network: Network | undefined
  /** Every parameter that was understood. */
  readonly tags: Tags
}

const MAX_URL = 8192
const MAX_REFERRER = 4096
export const MAX_OTHER = 1024

/** Longer sources and mediums are no names. */
const MAX_NAME = 256

const NO_TAGS: Tags = /* @__PURE__ */ noTags()

/** Cuts what is longer than any real one, and drops white space and quotes around it. */
export function clean(text: unknown, limit: number): string {
  if (typeof text !== 'string' || text === '') return ''
  return tidy(text.length > limit ? text.slice(0, limit) : text)
}

export function readSignals(
  url: unknown,
  from: unknown,
  requestHost: unknown,
  userAgent: unknown,
  set: Ruleset,
): Signals {
  const page = clean(url, MAX_URL)
  const tags = page.includes('?') || page.includes('#') ? readTags(page, set.index.params) : NO_TAGS
  const ignored = tags.ignore !== undefined
  const referrer = readReferrer(clean(from, MAX_REFERRER), page, clean(requestHost, MAX_OTHER), ignored, set)
  const source = sourceWord(lower(tags.source))
  const medium = lower(tags.medium)
  const click = tags.click ?? tags.gad
  const weak = tags.weak === undefined ? '' : nameLike(lower(tags.weak))

  let has = 0
  if (source !== '') has = SOURCE
  if (medium !== '') has |= MEDIUM
  if (tags.campaign !== undefined) has |= CAMPAIGN
  if (click !== undefined) has |= CLICK
  if (tags.soft !== undefined) has |= SOFT
  if (weak !== '') has |= WEAK
  if (referrer.host !== '') has |= REFERRER
  // A user agent only says where somebody reads, which is nothing against a tag or a referrer.
  const agent = has === 0 ? readAgent(clean(userAgent, MAX_OTHER), set.index.names) : ''
  if (agent !== '') has = AGENT

  return {
    has,
    referrer,
    source,
    source_network: source === '' ? undefined : readSource(set, source),
    medium,
    medium_is: medium === '' ? undefined : meaning(set, medium),
    campaign: tags.campaign === undefined ? '' : tags.campaign.value,
    click,
    soft: tags.soft,
    weak,
    weak_network: weak === '' ? undefined : readSource(set, weak),
    agent,
    agent_network: agent === '' ? undefined : set.index.names.get(agent),
    tags,
  }
}

function lower(hit: Hit | undefined): string {
  return hit === undefined ? '' : hit.value.slice(0, MAX_NAME).toLowerCase()
}

/** `utm_source=direct` says that there is no source. */
function sourceWord(value: string): string {
  return value === 'direct' ? '' : value
}

function meaning(set: Ruleset, medium: string): Medium | undefined {
  const value = spelling(medium)
  const own = set.mediums?.get(medium) ?? set.mediums?.get(value)
  if (own !== undefined) return own
  const known = readMedium(set.index.mediums, value)
  if (!set.ga4Mediums || known?.kind === 'display') return known
  return isGa4Paid(medium) ? { paid: true, kind: known?.kind, guess: true } : known?.paid ? undefined : known
}

/** A name or a host, not an id, a path or a sentence; else ''. */
function nameLike(value: string): string {
  const name = value.replace(/^https?:\/\/|\/.*$/g, '')
  return /^[a-z][a-z0-9._-]{0,58}[a-z]$/.test(name) ? name : ''
}
