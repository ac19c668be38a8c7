import type { Network } from './channels.js'

/** The places that parameters fill: one value each, whatever spelling it came in. */
export type Slot =
  | 'source'
  | 'medium'
  | 'campaign'
  | 'term'
  | 'content'
  | 'click'
  | 'gad'
  | 'soft'
  | 'weak'
  | 'ignore'

export interface Param {
  readonly name: string
  readonly slot: Slot
  /** Lower wins where several parameters fill one slot, so that their order in the URL does not matter. */
  readonly rank: number
  /** Whose click id it is. */
  readonly network: Network | undefined
}

export interface Hit {
  readonly param: Param
  readonly value: string
}

export type Tags = Record<Slot, Hit | undefined>

export type Params = ReadonlyMap<string, Param>

export function noTags(): Tags {
  return {
    source: undefined,
    medium: undefined,
    campaign: undefined,
    term: undefined,
    content: undefined,
    click: undefined,
    gad: undefined,
    soft: undefined,
    weak: undefined,
    ignore: undefined,
  }
}

export function isSlot(word: string): word is Slot {
  return Object.hasOwn(noTags(), word)
}

/** Reads the known parameters of the query and then of the fragment. */
export function readTags(text: string, known: Params): Tags {
  const tags = noTags()
  const hash = text.indexOf('#')
  const query = text.indexOf('?')
  const end = hash < 0 ? text.length : hash
  if (query >= 0 && query < end) readPart(text.slice(query + 1, end), known, tags)
  if (hash >= 0) readPart(text.slice(hash + 1), known, tags)
  return tags
}

function readPart(part: string, known: Params, tags: Tags): void {
  const text = part.includes(';') || part.includes('?') ? evened(part, known) : part
  let at = 0
  while (at < text.length) {
    let next = text.indexOf('&', at)
    if (next < 0) next = text.length
    readPair(text, at, next, known, tags)
    at = next + 1
  }
}

/** `a=1?utm_source=x`, `a=1;utm_source=x`, `amp;utm_source=x` with `&` there, but only before a known key. */
function evened(part: string, known: Params): string {
  return part.replace(/[;?](\w{2,26})=/g, (all, key: string) =>
    known.has(key.toLowerCase()) ? `&${key}=` : all,
  )
}

const MAX_KEY = 26

function readPair(text: string, from: number, to: number, known: Params, tags: Tags): void {
  const limit = from + MAX_KEY < to ? from + MAX_KEY : to
  let equals = from
  while (equals < limit && text.charCodeAt(equals) !== 61) equals++
  if (equals === limit || equals === from) return
  const param = paramOf(text.slice(from, equals), known)
  if (param === undefined) return
  const old = tags[param.slot]
  if (old !== undefined && old.param.rank <= param.rank) return
  const value = readValue(text.slice(equals + 1, to))
  if (value !== '') tags[param.slot] = { param, value }
}

function paramOf(key: string, known: Params): Param | undefined {
  return known.get(key) ?? known.get(decodeText(key).trim().toLowerCase())
}

/** The value, decoded once; '' for the many ways of writing that there is none. */
function readValue(text: string): string {
  const value = tidy(decodeText(text))
  return isNothing(value) ? '' : value
}

/** `+` is a space; a malformed escape leaves the text as it came. */
function decodeText(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

/** Without white space, line ends and quotes around it. */
export function tidy(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isMargin(text.charCodeAt(from))) from++
  while (to > from && isMargin(text.charCodeAt(to - 1))) to--
  return from === 0 && to === text.length ? text : text.slice(from, to)
}

function isMargin(c: number): boolean {
  return c < 33 || c === 34 || c === 39 || c === 160 || c === 0xfeff
}

/** Placeholder words, and macros that an ad server left unfilled (`{gclid}`, `{{campaign.name}}`). */
function isNothing(value: string): boolean {
  const c = value.charCodeAt(0) | 32
  // Begins like none of them: `n`, `u`, `(`, `-` or `{`.
  if ((c !== 110 && c !== 117 && c !== 40 && c !== 45 && c !== 123) || value.length > 64) return false
  return /^(?:null|undefined|nan|-|\(?(?:none|direct|not set|not provided)\)?|\{.*\})$/i.test(value)
}
