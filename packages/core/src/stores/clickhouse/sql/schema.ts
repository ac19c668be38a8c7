import type { JsonType } from '@millimetric/schema/wire'
import type { SchemaPlan } from '../../../ports/schema-plan.js'
import { createBinder, type Statement } from './binder.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

/** Columns `name`, `digest`, `count`, `first_seen`, `last_seen` (epoch milliseconds): one event name more than the limit. */
export function namesSeenStatement(reading: Reading, plan: SchemaPlan): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, plan, binder)
  return {
    query: `SELECT e.event_name AS name, ${DIGEST} AS digest, count() AS count,
  toUnixTimestamp64Milli(min(e.timestamp)) AS first_seen, toUnixTimestamp64Milli(max(e.timestamp)) AS last_seen
${rows.from()}
GROUP BY name
ORDER BY count DESC, name
LIMIT ${binder.bind('UInt32', plan.limit + 1)}`,
    params: binder.params,
  }
}

/** Names an event in few bytes: a thousand names of full length are more than a request holds. */
const DIGEST = 'toString(sipHash64(e.event_name))'

/** By what JSON text of a type begins with; all else is a number. */
const BEGINNING: readonly (readonly [JsonType, string])[] = [
  ['string', `IN ('"')`],
  ['number', `NOT IN ('"', 't', 'f', '{', '[', 'n')`],
  ['boolean', `IN ('t', 'f')`],
  ['object', `IN ('{')`],
  ['array', `IN ('[')`],
  ['null', `IN ('n')`],
]

/**
 * Columns `name`, `key`, `count`, `first_seen`, `last_seen` and one a type: of the events with these digests, or of all, one
 * key more than the limit each.
 */
export function keysSeenStatement(
  reading: Reading,
  plan: SchemaPlan,
  digests: readonly string[] | null,
): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, plan, binder)
  const named = digests === null ? [] : [`${DIGEST} IN ${binder.bind('Array(String)', digests)}`]
  const types = BEGINNING.map(([type, test]) => `countIf(beginning ${test}) AS ${type}_values`)
  return {
    query: `SELECT name, key, count() AS count, min(at) AS first_seen, max(at) AS last_seen, ${types.join(', ')}
FROM (
  SELECT name, at, pair.1 AS key, substring(pair.2, 1, 1) AS beginning FROM (
    SELECT e.event_name AS name, toUnixTimestamp64Milli(e.timestamp) AS at,
      arrayJoin(JSONExtractKeysAndValuesRaw(e.properties)) AS pair
    ${rows.from([...named, "e.properties != '{}'"])}
  )
)
GROUP BY name, key
ORDER BY name, count DESC, key
LIMIT ${binder.bind('UInt32', plan.properties_limit + 1)} BY name`,
    params: binder.params,
  }
}
