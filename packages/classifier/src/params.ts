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

/** Reads the known parameters of the query and then of the fragment. */
export function readTags(text: string, known: Params): Tags {
  const tags = noTags()
  const hash = text.indexOf('#')
  const query = text.indexOf('?')
  const end = hash < 0 ? text.length : hash
  if (query >= 0 && query < end) scan(text, query + 1, end, known, tags)
  if (hash >= 0) scan(text, hash + 1, text.length, known, tags)
  return tags
}

function scan(text: string, from: number, to: number, known: Params, tags: Tags): void {
  const odd = hasBefore(text, ';', from, to) || hasBefore(text, '?', from, to)
  let at = from
  while (at < to) {
    let next = text.indexOf('&', at)
    if (next < 0 || next > to) next = to
    if (odd) scanOdd(text, at, next, known, tags)
    else scanPair(text, at, next, known, tags)
    at = next + 1
  }
}

function hasBefore(text: string, char: string, from: number, to: number): boolean {
  const at = text.indexOf(char, from)
  return at >= 0 && at < to
}

/** `?a=1?utm_source=x`, `a=1;utm_source=x`, `amp;utm_source=x`: split there, but only before a known key. */
function scanOdd(text: string, from: number, to: number, known: Params, tags: Tags): void {
  let start = from
  for (let at = from; at < to; at++) {
    const c = text.charCodeAt(at)
    if (c !== 59 && c !== 63) continue
    const equals = equalsAfter(text, at + 1, to)
    if (equals < 0 || paramOf(text, at + 1, equals, known) === undefined) continue
    scanPair(text, start, at, known, tags)
    start = at + 1
  }
  scanPair(text, start, to, known, tags)
}

const MAX_KEY = 26

/** Index of the `=` that ends a key of possible length, or -1. */
function equalsAfter(text: string, from: number, to: number): number {
  const limit = from + MAX_KEY < to ? from + MAX_KEY : to
  for (let at = from; at < limit; at++) if (text.charCodeAt(at) === 61) return at
  return -1
}

function scanPair(text: string, from: number, to: number, known: Params, tags: Tags): void {
  const equals = equalsAfter(text, from, to)
  if (equals < from + 2) return
  const param = paramOf(text, from, equals, known)
  if (param === undefined) return
  const old = tags[param.slot]
  if (old !== undefined && old.param.rank <= param.rank) return
  const value = readValue(text, equals + 1, to)
  if (value !== '') tags[param.slot] = { param, value }
}

function paramOf(text: string, from: number, to: number, known: Params): Param | undefined {
  const key = text.slice(from, to)
  const param = known.get(key)
  if (param !== undefined) return param
  for (let at = from; at < to; at++) {
    const c = text.charCodeAt(at)
    if ((c > 64 && c < 91) || c === 37 || c < 33) return known.get(decodeText(key).trim().toLowerCase())
  }
  return undefined
}

/** The value, decoded once; '' for the many ways of writing that there is none. */
export function readValue(text: string, from: number, to: number): string {
  const value = tidy(decodeText(text.slice(from, to)))
  return isNothing(value) ? '' : value
}

/** `+` is a space; a malformed escape leaves the text as it came. */
export function decodeText(text: string): string {
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

const NOTHING: ReadonlySet<string> = new Set([
  'null',
  'undefined',
  'none',
  'nan',
  '(none)',
  '(direct)',
  '(not set)',
  '(not provided)',
  '(not+set)',
  'not set',
  '-',
])

/** Placeholder words, and macros that an ad server left unfilled (`{gclid}`, `{{campaign.name}}`). */
function isNothing(value: string): boolean {
  if (value.length > 64) return false
  const c = value.charCodeAt(0)
  if (c === 123) return value.charCodeAt(value.length - 1) === 125
  if (c !== 40 && c !== 45 && (c | 32) !== 110 && (c | 32) !== 117) return value === ''
  return NOTHING.has(value.toLowerCase())
}
