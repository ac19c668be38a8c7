import type { CohortsPlan } from '../../../ports/cohorts-plan.js'
import type { Match } from '../../../ports/conditions.js'
import { createBinder, type Statement } from './binder.js'
import { EVENT_ACTOR, owners, personOf } from './identity.js'
import { type Periods, periodsFrom } from './periods.js'
import type { Reading } from './reading.js'
import { eventRows, type Rows } from './rows.js'

const MOMENT = 'toUnixTimestamp64Milli(e.timestamp)'
const SECOND = 'toUnixTimestamp(e.timestamp)'
/** Moments that no event has: of a start that never came, and of a return. */
const NEVER = '9223372036854775807'
const NONE = '-1'
/** Periods that fit the largest set of bits. */
const MOST_BITS = 256

/** What the parts of a statement share. */
interface Parts {
  readonly rows: Rows
  readonly ever: boolean
  readonly periods: Periods
  /** Conditions of start and return events; null = any event. */
  readonly begins: string | null
  readonly returns: string | null
  /** Placeholders of the range. */
  readonly since: string
  readonly before: string
}

/** Columns `cohort`, the place of its period, `distance` (−1 for the size of the cohort) and `people`. */
export function cohortsStatement(reading: Reading, plan: CohortsPlan): Statement {
  const { from, to, until, filters, include_bots, visible = [] } = plan
  const binder = createBinder(plan.project_id)
  const ever = plan.cohort === 'first'
  const range = { from: ever ? (plan.kept_from ?? 0) : from, to: until, asked: { from, to } }
  const rows = eventRows(reading, { ...range, include_bots, visible, filters }, binder)
  const parts: Parts = {
    rows,
    ever,
    periods: periodsFrom(plan.starts, binder),
    begins: matchSql(rows, plan.start),
    returns: matchSql(rows, plan.returning),
    since: binder.bind('Int64', from),
    before: binder.bind('Int64', to),
  }
  const inBits = startReturns(plan) && parts.periods.count <= MOST_BITS
  const members = inBits ? membersByPeriod(parts, owners(reading, binder)) : membersByMoment(parts)
  const followed = `arrayFilter(distance -> distance BETWEEN 0 AND ${binder.bind('Int64', plan.periods)}, arrayMap(place -> place - cohort, places))`
  return {
    query: `SELECT cohort, arrayJoin(arrayPushFront(${followed}, toInt64(${NONE}))) AS distance, count() AS people
FROM (${members})
GROUP BY cohort, distance`,
    params: binder.params,
  }
}

/** Whether whoever does the start event returns by it: then the moments inside a period do not matter. */
function startReturns({ start, returning }: CohortsPlan): boolean {
  return returning === null || JSON.stringify(returning) === JSON.stringify(start)
}

/**
 * `cohort`, and `places` of the periods in which a person returned, those before it too. Periods are bits, and visitors
 * are put together before links are looked up: two thirds of the time of sets of periods by person.
 */
function membersByPeriod(
  { rows, ever, periods, begins, returns, since, before }: Parts,
  linked: string,
): string {
  const size = [64, 128].find((bits) => periods.count <= bits) ?? MOST_BITS
  const bit = `bitShiftLeft(toUInt${size}(1), ${periods.placeOf(SECOND)})`
  const bits = (condition: string | null): string =>
    condition === null ? `groupBitOr(${bit})` : `groupBitOrIf(${bit}, ${condition})`
  const places = (set: string): string => `arrayMap(place -> toInt64(place), bitPositionsToArray(${set}))`
  const started = ever
    ? `${earliest(begins)} AS began`
    : `${bits([...(begins === null ? [] : [begins]), `${MOMENT} < ${before}`].join(' AND '))} AS began`
  const begun = ever ? `[${periods.placeOf(secondOf('first'))}]` : places('groupBitOr(e.began)')
  return `
  SELECT arrayJoin(begun) AS cohort, ${places('came')} AS places FROM (
    SELECT ${personOf('e.actor')} AS person, ${ever ? 'min(e.began) AS first, ' : ''}${begun} AS begun, groupBitOr(e.came) AS came
    FROM (
      SELECT ${EVENT_ACTOR} AS actor, ${started}, ${bits(returns)} AS came
      ${rows.from(useful(begins, returns, since))}
      GROUP BY actor
    ) AS e LEFT JOIN ${linked} AS l ON l.actor = e.actor
    GROUP BY person
    ${ever ? `HAVING first >= ${since} AND first < ${before}` : ''}
  )`
}

/**
 * The same where a return may come before the start in one period: the earliest start and the latest return of a person
 * in a period say everything, because a return counts when it is not before the start, and so do all in later periods.
 */
function membersByMoment({ rows, ever, periods, begins, returns, since, before }: Parts): string {
  const begun = ever ? '[min(started)]' : `groupArrayIf(started, started < ${before})`
  return `
  SELECT ${periods.placeOf(secondOf('first'))} AS cohort, arrayMap(moment -> ${periods.placeOf(secondOf('moment'))}, arrayFilter(moment -> moment >= first, moments)) AS places
  FROM (
    SELECT arrayJoin(${begun}) AS first, groupArrayIf(returned, returned > ${NONE}) AS moments
    FROM (
      SELECT ${rows.person()} AS person, ${periods.placeOf(SECOND)} AS period, ${earliest(begins)} AS started,
        max(${returns === null ? MOMENT : `if(${returns}, ${MOMENT}, ${NONE})`}) AS returned
      ${rows.from(useful(begins, returns, since))}
      GROUP BY person, period
    )
    GROUP BY person
    HAVING min(started) >= ${since} AND min(started) < ${before}
  )`
}

function earliest(begins: string | null): string {
  return `min(${begins === null ? MOMENT : `if(${begins}, ${MOMENT}, ${NEVER})`})`
}

function secondOf(moment: string): string {
  return `toUInt32(intDiv(${moment}, 1000))`
}

function matchSql(rows: Rows, match: Match | null): string | null {
  if (match === null) return null
  const named = { op: 'is', field: 'event_name', values: [match.event] } as const
  return rows.condition({ op: 'and', of: [named, ...match.where] })
}

/** Leaves out rows that say nothing: neither a start, nor a return since `since`. */
function useful(begins: string | null, returns: string | null, since: string): string[] {
  if (begins === null) return []
  return [`(${begins} OR ${MOMENT} >= ${since}${returns === null ? '' : ` AND ${returns}`})`]
}
