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

/** Of all names there may be more than a question may read, and it is no loss when only some are wanted. */
interface Unread {
  readonly error: unknown
}

export function createSchemaAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: SchemaPlan, options?: CallOptions) => Promise<SchemaResult> {
  return async (plan, options) => {
    const how = await reading(plan, options)
    const keysOf = async (digests: readonly string[] | null): Promise<SeenKey[] | Unread> =>
      await read<SeenKey>(keysSeenStatement(how, plan, digests), options).catch((error) => ({ error }))
    // Not one after the other: of few names, the keys of all are asked for.
    const [found, all] = await Promise.all([
      read<SeenName>(namesSeenStatement(how, plan), options),
      keysOf(null),
    ])
    const truncated = found.length > plan.limit
    const names = found.slice(0, plan.limit)
    const keys = truncated ? await keysOf(names.map(({ digest }) => digest)) : all
    if ('error' in keys) throw keys.error
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
