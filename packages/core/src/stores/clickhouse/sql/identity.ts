import { identifier } from '../client.js'
import { firstOfItsId, type Reading } from './statement.js'

/** Links that retention has not ended; statements with {@link links} bind `kept_from`, and name the rows `i`. */
export const KEPT: string = "i.timestamp >= fromUnixTimestamp64Milli({kept_from:Int64}, 'UTC')"

/**
 * Subquery of `anonymous_id, linked`: the user each anonymous id belongs to, by the `$identify` with the smallest
 * (timestamp, event_id), in whatever order they arrived. An id that is linked already is never moved.
 */
export function links(reading: Reading): string {
  const db = identifier(reading.database)
  const rows = reading.distinct
    ? `${db}.events AS i WHERE i.project_id = {project_id:UUID} AND ${[
        KEPT,
        "i.event_name = '$identify'",
        "i.anonymous_id != ''",
        "i.user_id != ''",
        ...firstOfItsId(reading, 'i'),
      ].join(' AND ')}`
    : `${db}.identity_links AS i WHERE i.project_id = {project_id:UUID} AND ${KEPT}`
  return `(SELECT i.anonymous_id AS anonymous_id, argMin(i.user_id, (i.timestamp, i.event_id)) AS linked
  FROM ${rows}
  GROUP BY anonymous_id)`
}

/** Joins {@link links} to rows of `events AS e`. */
export function joinLinks(reading: Reading): string {
  return `LEFT JOIN ${links(reading)} AS l ON l.anonymous_id = e.anonymous_id`
}

/** The person of a row as 64 bits: own user, else the linked user, else the visitor; three kinds, two name spaces. */
export const PERSON_HASH =
  "multiIf(e.user_id != '', sipHash64('u', e.user_id), l.linked != '', sipHash64('u', l.linked), sipHash64('a', e.anonymous_id))"
