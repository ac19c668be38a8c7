import { AnalyticsError } from '../../errors.js'
import type { ClickhouseClient } from './client.js'

/** What a server takes of one request where nobody raised it; the values of a statement are fields of its address. */
const MOST = {
  http_max_uri_size: 1_048_576,
  http_max_field_value_size: 131_072,
  http_max_fields: 1000,
  max_query_size: 262_144,
} as const

/** What the client adds: names, ids, settings of its own. */
const SPARE = { bytes: 4096, fields: 20 }

type Values = Readonly<Record<string, unknown>>

/**
 * A client whose statements a server takes: a list that is too long for one field travels as several. What is too much for
 * any request is refused before it is sent, as `query_too_expensive`: the server would break off without a reason.
 */
export function withinRequestLimits(client: ClickhouseClient): ClickhouseClient {
  return {
    command: async (params) => await client.command({ ...params, ...fitted(params) }),
    async query(params) {
      const fit = fitted(params)
      if (byteLength(fit.query) > MOST.max_query_size) throw tooLong('max_query_size')
      return await client.query({ ...params, ...fit })
    },
    close: async () => await client.close(),
  }
}

interface Bound {
  query: string
  query_params?: Record<string, unknown>
}

function fitted({ query, query_params = {} }: Bound): Bound {
  const { values, parts, bytes } = spread(query_params)
  if (bytes > MOST.http_max_uri_size - SPARE.bytes) throw tooLong('http_max_uri_size')
  if (Object.keys(values).length > MOST.http_max_fields - SPARE.fields) throw tooLong('http_max_fields')
  return { query: parts.size === 0 ? query : joined(query, parts), query_params: values }
}

/** Values as fields, the parts of long lists by the name of the list, and the length of them all in an address. */
function spread(given: Values): {
  values: Record<string, unknown>
  parts: Map<string, string[]>
  bytes: number
} {
  const values: Record<string, unknown> = {}
  const parts = new Map<string, string[]>()
  let bytes = 0
  for (const [name, value] of Object.entries(given)) {
    const { lists, length } = Array.isArray(value) ? cut(value) : { lists: [], length: fieldLength(value) }
    if (lists.length > 1) {
      const names = lists.map((_, part) => `${name}_${part}`)
      for (const [part, list] of lists.entries()) values[`${name}_${part}`] = list
      parts.set(name, names)
    } else values[name] = value
    bytes += length + name.length + 8
  }
  return { values, parts, bytes }
}

/** The list in parts that are each short enough for a field, and its length as a whole. */
function cut(list: readonly unknown[]): { lists: unknown[][]; length: number } {
  const lists: unknown[][] = [[]]
  let bytes = 0
  let whole = 9
  for (const item of list) {
    const length = fieldLength(item)
    if (bytes + length > MOST.http_max_field_value_size - SPARE.bytes) {
      lists.push([])
      bytes = 0
    }
    lists.at(-1)?.push(item)
    bytes += length
    whole += length
  }
  return { lists, length: whole }
}

/** The statement with each of these lists put together again. A subquery after `IN`, which takes no computed list. */
function joined(query: string, parts: ReadonlyMap<string, readonly string[]>): string {
  return query.replace(
    /(\bIN )?\{(\w+):(Array\([^{}]+\))\}/g,
    (placeholder, within: string | undefined, name: string, type: string) => {
      const names = parts.get(name)
      if (names === undefined) return placeholder
      const list = `arrayConcat(${names.map((part) => `{${part}:${type}}`).join(', ')})`
      return within === undefined ? list : `IN (SELECT arrayJoin(${list}))`
    },
  )
}

/** At most as long as this is a value in an address, with its quotes and the comma behind it. */
function fieldLength(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + fieldLength(item), 9)
  const text = String(value)
  if (typeof value !== 'string') return text.length + 9
  let bytes = 9
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    bytes += ASCII[code] ?? (code >= 0x800 ? 9 : 6)
  }
  return bytes
}

/** By its code, what a sign takes: letters and digits one, any other at most six (three, or six behind a backslash). */
const ASCII: readonly number[] = Array.from({ length: 128 }, (_, code) =>
  /[\w.-]/.test(String.fromCharCode(code)) ? 1 : 6,
)

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

function tooLong(limit: keyof typeof MOST): AnalyticsError {
  return new AnalyticsError(
    'query_too_expensive',
    `The question is longer than what ClickHouse takes in one request (${limit}); ask with fewer or shorter values.`,
    { details: { limit } },
  )
}
