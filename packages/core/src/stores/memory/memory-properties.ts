import type { Field } from '../../ports/conditions.js'
import type { StoredEvent } from '../../ports/event-store.js'

function valueAt(event: StoredEvent, key: string): unknown {
  const properties: unknown = JSON.parse(event.properties)
  if (typeof properties !== 'object' || properties === null || !Object.hasOwn(properties, key))
    return undefined
  return Object.entries(properties).find(([name]) => name === key)?.[1]
}

/** Text of a field of an event: a property as it stands, or its JSON; nothing for null. */
export function textAt(
  event: StoredEvent,
  field: Exclude<Field, 'entry_path' | 'exit_path'> | Field,
): string {
  if (field === 'entry_path' || field === 'exit_path') throw new TypeError('an event alone has no such field')
  if (!isProperty(field)) return event[field]
  const value = valueAt(event, field.slice('properties.'.length))
  if (typeof value === 'string') return value
  // The engine writes exponents without a plus sign.
  if (typeof value === 'number') return JSON.stringify(value).replace('e+', 'e')
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function isProperty(field: string): field is `properties.${string}` {
  return field.startsWith('properties.')
}

/** The number under a property key; undefined for anything else, also for text that looks like a number. */
export function numberAt(event: StoredEvent, key: string): number | undefined {
  const value = valueAt(event, key)
  return typeof value === 'number' ? value : undefined
}
