import * as z from 'zod'
import { FILTER_FIELDS, NUMBER_OPERATORS, TEXT_OPERATORS } from './filters.js'

/** A JSON Schema of an object, for people and models to read: the zod schema judges. */
export type ObjectSchema = {
  type: 'object'
  properties: { [name: string]: JsonSchema }
  required?: string[]
  additionalProperties?: boolean
}
export type JsonSchema = { [key: string]: Json }
type Json = string | number | boolean | null | Json[] | JsonSchema

// A model reads every word of it with every list of tools, and a recursive schema is more than many clients take.
const FILTERS: JsonSchema = {
  type: ['object', 'array'],
  description: `One condition, or a list that must all hold: { "field": "source", "op": "is", "value": "google" }. Operators: ${TEXT_OPERATORS.join(', ')}, is_set; for numbers in properties ${NUMBER_OPERATORS.join(', ')}. Combine with { "and": [ … ] }, { "or": [ … ] }, { "not": … }; { "has_done": { "event": "signup" } } and has_not_done hold for all events of such people. Fields: ${FILTER_FIELDS.join(', ')}, properties.<key>.`,
}

const INNER_FILTERS: JsonSchema = { type: ['object', 'array'], description: 'As filters of the question.' }

/** Throws for schemas that are no objects. `input`: what is sent, before it is read. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'output'): ObjectSchema {
  const { properties, required } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  if (properties === undefined) throw new TypeError('not the schema of an object')
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [
        name,
        name === 'filters' ? FILTERS : compactSchema(Object(value)),
      ]),
    ),
    ...(required === undefined ? {} : { required }),
    ...(io === 'output' ? { additionalProperties: false } : {}),
  }
}

/** Without what only machines read: patterns beside a format, bounds of every integer, what has no words in JSON. */
function compact(node: unknown): Json {
  if (Array.isArray(node)) return node.map(compact)
  if (typeof node === 'object' && node !== null) return compactSchema(node)
  return typeof node === 'string' || typeof node === 'number' || typeof node === 'boolean' ? node : null
}

function compactSchema(node: object): JsonSchema {
  // The only schema that knows itself.
  if ('$ref' in node) return INNER_FILTERS
  const entries = new Map<string, unknown>(Object.entries(node))
  if (entries.has('format')) entries.delete('pattern')
  if (entries.get('maximum') === Number.MAX_SAFE_INTEGER) entries.delete('maximum')
  if (entries.get('minimum') === Number.MIN_SAFE_INTEGER) entries.delete('minimum')
  const choices = entries.get('anyOf')
  if (Array.isArray(choices)) {
    entries.set(
      'anyOf',
      choices.filter((one) => Object.keys(Object(one)).length > 0),
    )
  }
  return Object.fromEntries([...entries].map(([name, value]) => [name, compact(value)]))
}
