import type { JsonType } from '@millimetric/schema/wire'
import type { StoredEvent } from '../../ports/event-store.js'
import { compareText } from '../../ports/order.js'
import type { SchemaPlan, SchemaResult, SchemaResultProperty } from '../../ports/schema-plan.js'
import { groupItems } from './memory-table.js'
import { createWorld } from './memory-world.js'

interface Held {
  readonly key: string
  readonly type: JsonType
  readonly timestamp: number
}

export function answerSchema(plan: SchemaPlan, all: readonly StoredEvent[]): SchemaResult {
  const names = groupItems(createWorld(plan, all).asked, ({ event_name }) => [event_name])
  const events = [...names.values()]
    .map((list) => ({ name: list[0]?.event_name ?? '', list, ...seenIn(list) }))
    .sort((a, b) => b.count - a.count || compareText(a.name, b.name))
  return {
    truncated: events.length > plan.limit,
    estimated: false,
    answered_by: 'raw',
    events: events.slice(0, plan.limit).map(({ list, ...event }) => {
      const properties = propertiesOf(list)
      return {
        ...event,
        properties: properties.slice(0, plan.properties_limit),
        properties_truncated: properties.length > plan.properties_limit,
      }
    }),
  }
}

function propertiesOf(events: readonly StoredEvent[]): SchemaResultProperty[] {
  const held = events.flatMap(({ properties, timestamp }): Held[] =>
    Object.entries(JSON.parse(properties)).map(([key, value]) => ({ key, type: typeOf(value), timestamp })),
  )
  return [...groupItems(held, ({ key }) => [key]).values()]
    .map((list) => {
      const types: { [T in JsonType]?: number } = {}
      for (const { type } of list) types[type] = (types[type] ?? 0) + 1
      return { key: list[0]?.key ?? '', ...seenIn(list), types }
    })
    .sort((a, b) => b.count - a.count || compareText(a.key, b.key))
}

function seenIn(list: readonly { readonly timestamp: number }[]): {
  count: number
  first_seen: number
  last_seen: number
} {
  const times = list.map(({ timestamp }) => timestamp).sort((a, b) => a - b)
  return { count: times.length, first_seen: times[0] ?? 0, last_seen: times.at(-1) ?? 0 }
}

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  return typeof value === 'boolean' ? 'boolean' : 'object'
}
