import { LIMITS } from '@millimetric/schema/limits'
import type { EventCode, EventWarning } from '@millimetric/schema/wire'
import { storableText } from './plain-text.js'

export type CleanProperties =
  | { ok: true; json: string; warnings: readonly EventWarning[] }
  | { ok: false; code: EventCode; message: string }

const EMPTY: CleanProperties = { ok: true, json: '{}', warnings: [] }
const encoder = new TextEncoder()

class Refusal extends Error {
  readonly code: EventCode
  constructor(code: EventCode, message: string) {
    super(message)
    this.code = code
  }
}

interface Walk {
  values: number
  sanitized: boolean
  unsafeInteger: boolean
  hugeInteger: boolean
}

/**
 * Turns whatever a caller passed as properties into JSON text that every store takes: strings well-formed and
 * without U+0000, finite numbers, at most 32 levels, 1000 values and 8 KB. Never throws: values that JSON
 * can't hold (getters that throw, cycles, Proxies) are refused with a code.
 */
export function cleanProperties(input: Record<string, unknown> | null | undefined): CleanProperties {
  if (input === null || input === undefined) return EMPTY
  const walk: Walk = { values: 0, sanitized: false, unsafeInteger: false, hugeInteger: false }
  try {
    const text = JSON.stringify(cleanObject(written(input), 1, walk))
    const json = walk.hugeInteger ? withExponents(text) : text
    const warnings: EventWarning[] = []
    if (walk.sanitized) warnings.push('sanitized')
    if (walk.unsafeInteger) warnings.push('unsafe_integer')
    if (fits(json, LIMITS.propertiesBytes)) return { ok: true, json, warnings }
    return {
      ok: true,
      json: `{"__truncated":true,"original_bytes":${encoder.encode(json).length}}`,
      warnings: [...warnings, 'properties_truncated'],
    }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, code: error.code, message: error.message }
    return {
      ok: false,
      code: 'invalid_properties',
      message: 'The properties hold a value that can not be read.',
    }
  }
}

/** What writes itself as JSON (a document of a database, say) is what it writes. */
function written(input: object): object {
  if (!hasToJson(input)) return input
  const value = input.toJSON()
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new Refusal('invalid_properties', 'The properties write themselves as something that is no object.')
}

function clean(value: unknown, depth: number, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
      countLeaf(walk)
      return cleanText(value, walk)
    case 'number':
      countLeaf(walk)
      return cleanNumber(value, walk)
    case 'boolean':
      countLeaf(walk)
      return value
    case 'bigint':
      countLeaf(walk)
      return value.toString()
    case 'object':
      if (value === null) {
        countLeaf(walk)
        return null
      }
      if (hasToJson(value)) return clean(value.toJSON(), depth, walk)
      return Array.isArray(value) ? cleanList(value, depth + 1, walk) : cleanObject(value, depth + 1, walk)
    default:
      return undefined
  }
}

function cleanObject(input: object, depth: number, walk: Walk): Record<string, unknown> {
  checkDepth(depth)
  // Without a prototype `__proto__` is a key like any other: kept as data, nothing polluted.
  const output: Record<string, unknown> = Object.create(null)
  let any = false
  for (const [key, value] of Object.entries(input)) {
    any = true
    output[cleanKey(key, walk)] = clean(value, depth, walk)
  }
  if (!any) countLeaf(walk)
  return output
}

function cleanList(input: readonly unknown[], depth: number, walk: Walk): unknown[] {
  checkDepth(depth)
  if (input.length === 0) countLeaf(walk)
  if (input.length > LIMITS.propertiesValues) refuseCount()
  return Array.from(input, (value) => clean(value, depth, walk) ?? null)
}

function cleanKey(key: string, walk: Walk): string {
  if (!fits(key, LIMITS.propertyKeyBytes)) {
    throw new Refusal('bad_property_key', `A property key is longer than ${LIMITS.propertyKeyBytes} bytes.`)
  }
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code < 32 || code === 127) {
      throw new Refusal('bad_property_key', 'A property key holds a control character.')
    }
  }
  return cleanText(key, walk)
}

function cleanText(text: string, walk: Walk): string {
  const storable = storableText(text)
  if (storable !== text) walk.sanitized = true
  return storable
}

function cleanNumber(value: number, walk: Walk): number {
  if (!Number.isFinite(value)) {
    throw new Refusal(
      'number_out_of_range',
      'A number in the properties is not finite; JSON can not hold it.',
    )
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    walk.unsafeInteger = true
    if (Math.abs(value) >= SMALLEST_HUGE) walk.hugeInteger = true
  }
  return value
}

// An integer that fits no 64 bits, written in digits, makes ClickHouse unable to read anything of its document.
const SMALLEST_HUGE = 2 ** 63
const TEXT_OR_LONG_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d{19,}/g

/** The same JSON, with its longest integers as 1.8446744073709552e+19. */
function withExponents(json: string): string {
  return json.replace(TEXT_OR_LONG_NUMBER, (found) =>
    found.startsWith('"') || Math.abs(Number(found)) < SMALLEST_HUGE ? found : Number(found).toExponential(),
  )
}

function countLeaf(walk: Walk): void {
  if (++walk.values > LIMITS.propertiesValues) refuseCount()
}

function refuseCount(): never {
  throw new Refusal('too_many_values', `The properties hold more than ${LIMITS.propertiesValues} values.`)
}

function checkDepth(depth: number): void {
  if (depth <= LIMITS.propertiesDepth) return
  throw new Refusal('too_deep', `The properties are nested deeper than ${LIMITS.propertiesDepth} levels.`)
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

// One UTF-16 unit is at most three bytes, so most texts are decided without encoding them.
function fits(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || encoder.encode(text).length <= maxBytes
}
