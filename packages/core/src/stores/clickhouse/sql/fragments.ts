import type { Condition } from '../../../ports/conditions.js'
import { identifier } from '../client.js'
import { fragmentsOf, READ_STATE } from '../schema/sessions.js'
import { type Binder, instant } from './binder.js'
import { conditionSql, rowColumns } from './conditions.js'
import { firstOfItsId, type Reading } from './reading.js'

const HALF_HOUR_MS = 1_800_000
const LOOK_MS = 86_400_000
/** Half hours after which a session is split. */
const LONGEST = 48

export type State = keyof typeof READ_STATE

export interface FragmentScope {
  readonly from: number
  readonly to: number
  readonly include_bots: boolean
  readonly visible?: readonly Condition[]
  /** Never read stored fragments. */
  readonly raw: boolean
}

/** Half hour of a moment, and the visit it belongs to; a visit is a visitor (derived ids) or a caller-set id. */
const DERIVED = "anonymous_id != '' AND session_id = concat(anonymous_id, '-', toString(half))"
// One 64-bit number: sorting and grouping by text costs twice as much.
const VISIT = 'sipHash64(derived, if(derived, anonymous_id, session_id), is_bot)'

/** Names of {@link chains}' `visit` and `half` for rows `e` of events. */
export const EVENT_HALF = 'intDiv(toUnixTimestamp64Milli(e.timestamp), 1800000)'
export const EVENT_VISIT: string = visitOf(EVENT_HALF)

function visitOf(half: string): string {
  const derived = `(e.anonymous_id != '' AND e.session_id = concat(e.anonymous_id, '-', toString(${half})))`
  return `sipHash64(${derived}, if(${derived}, e.anonymous_id, e.session_id), e.is_bot)`
}

/** The events that can belong to sessions of the range: from 24 hours before it to 24 after, in whole half hours. */
export function lookRange({ from, to }: { from: number; to: number }): { from: number; to: number } {
  return {
    from: Math.max(Math.floor((from - LOOK_MS) / HALF_HOUR_MS) * HALF_HOUR_MS, 0),
    to: Math.ceil((to + LOOK_MS) / HALF_HOUR_MS) * HALF_HOUR_MS,
  }
}

/** What names a session among the rows of {@link chains}. */
export const SESSION_KEY: string = `visit, chain, intDiv(half - chain, ${LONGEST})`

/**
 * One row a visit and half hour: `visit`, `half`, `chain`, `started_ms`, `ended_ms` and the states. Fragments of one
 * visitor are neighbours in one session when the gap between them is at most thirty minutes.
 */
export function chains(
  reading: Reading,
  scope: FragmentScope,
  binder: Binder,
  states: readonly State[],
): string {
  const columns = [
    'intDiv(toUnixTimestamp(bucket), 1800) AS half',
    `${DERIVED} AS derived`,
    `${VISIT} AS visit`,
    'started_at',
    'ended_at',
    ...states,
  ]
  const reads = [
    'visit',
    'half',
    'any(derived) AS derived',
    'toUnixTimestamp64Milli(min(started_at)) AS started_ms',
    'toUnixTimestamp64Milli(max(ended_at)) AS ended_ms',
    ...states.map((name) => `${READ_STATE[name]} AS ${name}`),
  ]
  // A chain is named by the half hour it opens in; of caller-set ids nothing but the first fragment opens one.
  return `SELECT *, max(if(opens, half, 0)) OVER (PARTITION BY visit ORDER BY half ROWS UNBOUNDED PRECEDING) AS chain FROM (
  SELECT *, lagInFrame(ended_ms + 1) OVER (PARTITION BY visit ORDER BY half ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
    before = 0 OR derived AND started_ms - (before - 1) > ${HALF_HOUR_MS} AS opens
  FROM (
    SELECT ${reads.join(', ')}
    FROM (SELECT ${columns.join(', ')} FROM ${fragmentSource(reading, scope, binder)})
    GROUP BY visit, half
  )
)`
}

/** Stored fragments, or the same made from events now: when asked for, while there are twins, and of a part of events. */
function fragmentSource(reading: Reading, scope: FragmentScope, binder: Binder): string {
  const db = identifier(reading.database)
  const look = lookRange(scope)
  const { visible = [] } = scope
  const people = scope.include_bots ? [] : ['NOT is_bot']
  if (!scope.raw && !reading.distinct && visible.length === 0) {
    const conditions = [
      'f.project_id = {project_id:UUID}',
      `f.bucket >= toDateTime(intDiv(${binder.bind('Int64', look.from)}, 1000))`,
      `f.bucket < toDateTime(intDiv(${binder.bind('Int64', look.to)}, 1000))`,
      ...people,
    ]
    return `${db}.sessions AS f WHERE ${conditions.join(' AND ')}`
  }
  const columns = rowColumns('e', binder)
  const conditions = [
    'e.project_id = {project_id:UUID}',
    `e.timestamp >= ${instant(binder, look.from)}`,
    `e.timestamp < ${instant(binder, look.to)}`,
    "e.session_id != ''",
    ...people,
    ...visible.map((condition) => conditionSql(condition, columns, binder)),
    ...firstOfItsId(reading, 'e'),
  ]
  return `(${fragmentsOf(`${db}.events AS e WHERE ${conditions.join(' AND ')}`)})`
}

export const ENTRY_PATH = 'argMinIf(entry_page.2, entry_page.1, pageviews > 0)'
export const EXIT_PATH = 'argMaxIf(exit_page.2, exit_page.1, pageviews > 0)'

/** `visit`, `half`, `entry_path`, `exit_path`: the pages of the session that each fragment belongs to. */
export function sessionPages(reading: Reading, scope: FragmentScope, binder: Binder): string {
  return `SELECT visit, arrayJoin(halves) AS half, entry_path, exit_path FROM (
  SELECT visit, groupArray(half) AS halves, ${ENTRY_PATH} AS entry_path, ${EXIT_PATH} AS exit_path
  FROM (${chains(reading, scope, binder, ['pageviews', 'entry_page', 'exit_page'])})
  GROUP BY ${SESSION_KEY}
)`
}
