import { FILTER_FIELDS, NUMBER_OPERATORS, TEXT_OPERATORS } from './filters.js'
import { LIMITS } from './limits.js'
import { suggest } from './suggestion.js'

const OPERATORS: readonly string[] = [...TEXT_OPERATORS, ...NUMBER_OPERATORS, 'is_set']
const ONE = 'takes one condition; a list stands in { "and": [ … ] }'
const GROUPS = ['and', 'or', 'not', 'has_done', 'has_not_done'] as const

/** What is wrong with a filter, for people: the first mistake found, and where it is. */
export function explainFilter(input: unknown): string {
  return mistake(input, 'filters') ?? 'filters: not valid'
}

function mistake(node: unknown, at: string): string | undefined {
  if (Array.isArray(node)) {
    if (node.length > LIMITS.filterConditions) return `${at}: at most ${LIMITS.filterConditions} conditions`
    return first(
      node.map((item: unknown, index) =>
        Array.isArray(item) ? `${at}[${index}]: ${ONE}` : mistake(item, `${at}[${index}]`),
      ),
    )
  }
  if (typeof node !== 'object' || node === null) {
    return `${at}: not a condition; write { "field": "source", "op": "is", "value": "google" }`
  }
  const entries = new Map<string, unknown>(Object.entries(node))
  for (const name of GROUPS) {
    if (entries.has(name)) return grouped(name, entries, `${at}.${name}`)
  }
  return leaf(entries, at)
}

function grouped(
  name: (typeof GROUPS)[number],
  entries: ReadonlyMap<string, unknown>,
  at: string,
): string | undefined {
  const inner = entries.get(name)
  if (entries.size > 1) return `${at}: stands alone; combine conditions with and`
  if (name === 'not') return Array.isArray(inner) ? `${at}: ${ONE}` : mistake(inner, at)
  if (name === 'and' || name === 'or') {
    return Array.isArray(inner) && inner.length > 0 ? mistake(inner, at) : `${at}: takes a list of conditions`
  }
  if (typeof inner !== 'object' || inner === null || !('event' in inner) || typeof inner.event !== 'string') {
    return `${at}: takes { "event": "name", "filters"?: … }`
  }
  return 'filters' in inner && inner.filters !== undefined
    ? mistake(inner.filters, `${at}.filters`)
    : undefined
}

function leaf(entries: ReadonlyMap<string, unknown>, at: string): string | undefined {
  const [field, op, value] = [entries.get('field'), entries.get('op'), entries.get('value')]
  const extra = [...entries.keys()].find((key) => !['field', 'op', 'value', 'case_sensitive'].includes(key))
  if (extra !== undefined)
    return `${at}: unknown key "${short(extra)}"${suggest(extra, [...GROUPS, 'field', 'op', 'value'])}`
  if (typeof field !== 'string' || !isField(field)) {
    return `${at}.field: ${quoted(field)} is no field${suggest(field, FILTER_FIELDS)}; it is one of ${FILTER_FIELDS.join(', ')}, or properties.<key>`
  }
  if (typeof op !== 'string' || !OPERATORS.includes(op)) {
    return `${at}.op: ${quoted(op)} is no operator${suggest(op, OPERATORS)}; it is one of ${OPERATORS.join(', ')}`
  }
  const cased = entries.get('case_sensitive')
  if (cased !== undefined && typeof cased !== 'boolean') return `${at}.case_sensitive: takes true or false`
  if (NUMBER_OPERATORS.some((name) => name === op)) {
    if (!field.startsWith('properties.')) return `${at}: ${op} compares numbers, which only properties hold`
    return typeof value === 'number' && Number.isFinite(value)
      ? undefined
      : `${at}.value: ${op} takes a number`
  }
  if (op === 'is_set')
    return value === undefined || typeof value === 'boolean'
      ? undefined
      : `${at}.value: is_set takes true or false`
  return `${at}.value: takes text, a number or a boolean, or a list of 1–${LIMITS.filterValues} of them`
}

function isField(field: string): boolean {
  return FILTER_FIELDS.some((name) => name === field) || /^properties\.[\s\S]{1,256}$/.test(field)
}

function first(found: readonly (string | undefined)[]): string | undefined {
  return found.find((text) => text !== undefined)
}

function quoted(value: unknown): string {
  return value === undefined ? 'nothing' : `"${short(String(value))}"`
}

function short(text: string): string {
  return text.slice(0, 64)
}
