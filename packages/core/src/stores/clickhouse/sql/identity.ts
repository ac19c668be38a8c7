import { identifier } from '../client.js'
import { type Binder, instant } from './binder.js'
import { firstOfItsId, type Reading } from './reading.js'

/** Condition on rows `i`: links that retention has not ended. */
export function kept(reading: Reading, binder: Binder): string {
  return `i.timestamp >= ${instant(binder, reading.kept_from)}`
}

/**
 * Subquery of `anonymous_id, linked`: the user each anonymous id belongs to, by the `$identify` with the smallest
 * (timestamp, event_id), in whatever order they arrived. An id that is linked already is never moved.
 */
export function links(reading: Reading, binder: Binder): string {
  return `(SELECT i.anonymous_id AS anonymous_id, argMin(i.user_id, (i.timestamp, i.event_id)) AS linked
  FROM ${identifies(reading, binder)}
  GROUP BY anonymous_id)`
}

/** `table AS i WHERE …`: every `$identify` that carries both ids. */
export function identifies(reading: Reading, binder: Binder): string {
  const db = identifier(reading.database)
  const own = ['i.project_id = {project_id:UUID}', kept(reading, binder)]
  if (!reading.distinct) return `${db}.identity_links AS i WHERE ${own.join(' AND ')}`
  const conditions = [
    ...own,
    "i.event_name = '$identify'",
    "i.anonymous_id != ''",
    "i.user_id != ''",
    ...firstOfItsId(reading, 'i'),
  ]
  return `${db}.events AS i WHERE ${conditions.join(' AND ')}`
}

/** The same as 64 bits: `actor`, as {@link EVENT_ACTOR} of rows of a visitor alone, and `owner`, as that of the user's own. */
export function owners(reading: Reading, binder: Binder): string {
  return `(SELECT sipHash64('a', i.anonymous_id) AS actor, sipHash64('u', argMin(i.user_id, (i.timestamp, i.event_id))) AS owner
  FROM ${identifies(reading, binder)}
  GROUP BY actor)`
}

/**
 * Whom a row `e` says it is of: its user, else its visitor, before links. Not stored, as it would be a hash in every row, while
 * `owner` is 0 in most and compresses to nothing. Nor an ALIAS column, which some versions read wrongly through a distributed
 * table.
 */
export const EVENT_ACTOR = 'if(e.owner != 0, e.owner, e.visitor)'

/**
 * The person of a row `e` that is joined to {@link owners} `AS l`, as 64 bits: own user, else the linked user, else the visitor;
 * three kinds, two name spaces.
 */
export const PERSON_HASH: string = personOf(EVENT_ACTOR)

/** Likewise of an actor. */
export function personOf(actor: string): string {
  return `if(l.owner != 0, l.owner, ${actor})`
}

/** The visitor of a row `e`: see `VISITOR` of the table. */
export const EVENT_VISITOR = 'e.visitor'

/**
 * Condition that keeps rows `e` of the people in a subquery of `person`, by {@link PERSON_HASH}. It looks at the row's own
 * ids, so that all others go before anything is joined to them; the subquery runs once.
 */
export function ofPeople(reading: Reading, people: string, binder: Binder): string {
  const owned = `SELECT l.owner AS owner, groupArray(l.actor) AS visitors FROM ${owners(reading, binder)} AS l GROUP BY owner`
  const ids = `SELECT arrayJoin(arrayPushBack(o.visitors, p.person)) FROM (${people}) AS p LEFT JOIN (${owned}) AS o ON o.owner = p.person`
  return `${EVENT_ACTOR} IN (${ids})`
}
