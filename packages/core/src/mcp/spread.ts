import type { JsonSchema, ObjectSchema } from '@millimetric/schema'
import { type Answer, isObject } from './clean.js'

export interface Part {
  project_id: string
  answer: Answer
}

/**
 * One answer of those of several projects: rows gain a `project_id`, what there was one of becomes a list with one a
 * project. Nothing is added up: a visitor of two projects is not known to be one, and rates have no sum.
 */
export function mergeAnswers(parts: readonly Part[]): Answer {
  const names = new Set(parts.flatMap(({ answer }) => Object.keys(answer)))
  return Object.fromEntries([...names].map((name) => merged(name, parts)))
}

function merged(name: string, parts: readonly Part[]): [string, unknown] {
  const held = parts.flatMap(({ project_id, answer }) =>
    name in answer ? [{ project_id, value: answer[name] }] : [],
  )
  if (name === 'next_cursor') {
    return ['next_cursors', held.map(({ project_id, value }) => ({ project_id, next_cursor: value }))]
  }
  const rows = held.flatMap(({ project_id, value }) => {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    return list.map((row) => (isObject(row) ? { project_id, ...row } : undefined))
  })
  // What is no row (a metric, a window) was asked for, and is the same for all.
  return [name, rows.includes(undefined) ? held[0]?.value : rows]
}

/** The schema of such an answer. */
export function spreadSchema(schema: ObjectSchema): ObjectSchema {
  const properties = Object.entries(schema.properties).map(([name, value]): [string, JsonSchema] => {
    if (name === 'next_cursor') {
      const items = withProject({ type: 'object', properties: { [name]: value }, required: [name] })
      return ['next_cursors', { type: 'array', items }]
    }
    if (value.type === 'object') return [name, { type: 'array', items: withProject(value) }]
    const { items } = value
    return [
      name,
      isSchema(items) && items.type === 'object' ? { ...value, items: withProject(items) } : value,
    ]
  })
  const { required, ...rest } = schema
  const needed = required?.map((name) => (name === 'next_cursor' ? 'next_cursors' : name))
  return {
    ...rest,
    properties: Object.fromEntries(properties),
    ...(needed === undefined ? {} : { required: needed }),
  }
}

function isSchema(value: JsonSchema[string] | undefined): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withProject(schema: JsonSchema): JsonSchema {
  const { properties, required } = schema
  return {
    ...schema,
    properties: { project_id: { type: 'string' }, ...(isSchema(properties) ? properties : {}) },
    required: ['project_id', ...(Array.isArray(required) ? required : [])],
  }
}
