import { JSON_TYPES, type JsonType } from '@millimetric/schema/wire'
import type { CallOptions } from '../../ports/event-store.js'
import type { SchemaPlan, SchemaResult, SchemaResultProperty } from '../../ports/schema-plan.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { keysSeenStatement, namesSeenStatement } from './sql/schema.js'

interface Seen {
  readonly name: string
  readonly count: number
  readonly first_seen: number
  readonly last_seen: number
}

type SeenName = Seen & { readonly digest: string }
type SeenKey = Seen & { readonly key: string } & { readonly [T in JsonType as `${T}_values`]: number }

export function createSchemaAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: SchemaPlan, options?: CallOptions) => Promise<SchemaResult> {
  return async (plan, options) => {
    const how = await reading(plan, options)
    const found = await read<SeenName>(namesSeenStatement(how, plan), options)
    const truncated = found.length > plan.limit
    const names = found.slice(0, plan.limit)
    const keys =
      names.length === 0
        ? []
        : await read<SeenKey>(
            keysSeenStatement(how, plan, truncated ? names.map(({ digest }) => digest) : null),
            options,
          )
    const byName = new Map<string, SeenKey[]>()
    for (const key of keys) {
      const own = byName.get(key.name)
      if (own === undefined) byName.set(key.name, [key])
      else own.push(key)
    }
    return {
      ...rawFacts(truncated),
      events: names.map(({ digest: _, ...event }) => {
        const own = byName.get(event.name) ?? []
        return {
          ...event,
          properties: own.slice(0, plan.properties_limit).map(propertyOf),
          properties_truncated: own.length > plan.properties_limit,
        }
      }),
    }
  }
}

function propertyOf({ key, count, first_seen, last_seen, ...row }: SeenKey): SchemaResultProperty {
  const types: { [T in JsonType]?: number } = {}
  for (const type of JSON_TYPES) if (row[`${type}_values`] > 0) types[type] = row[`${type}_values`]
  return { key, count, first_seen, last_seen, types }
}
