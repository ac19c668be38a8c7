import type { CohortsPlan } from '../../../ports/cohorts-plan.js'
import type { Match } from '../../../ports/conditions.js'
import { type Binder, createBinder, type Statement } from './binder.js'
import type { Reading } from './reading.js'
import { eventRows, type Rows } from './rows.js'

const MOMENT = 'toUnixTimestamp64Milli(e.timestamp)'
/** Moments that no event has: of a start that never came, and of a return. */
const NEVER = '9223372036854775807'
const NONE = '-1'
/** In the place of a period: the size of the cohort. */
export const SIZE = 4_294_967_295

/** What the parts of a statement share. */
interface Parts {
  readonly rows: Rows
  readonly ever: boolean
  /** Conditions of start and return events; null = any event. */
  readonly begins: string | null
  readonly returns: string | null
  /** Placeholders of the range. */
  readonly since: string
  readonly before: string
  /** Start of the period that holds a moment in seconds. */
  periodOf(seconds: string): string
}

/** Starts of periods in seconds, as the statement has them: numbers of 32 bits make smaller sets than milliseconds. */
export function periodKeys({ starts }: CohortsPlan): number[] {
  // No event lies before 1970, or in 2106 and later.
  return starts.map((start) => Math.min(Math.max(start / 1000, 0), SIZE - 1))
}

/** Columns `cohort` and `period`, both {@link periodKeys} (`period` {@link SIZE} for the size of the cohort), and `people`. */
export function cohortsStatement(reading: Reading, plan: CohortsPlan): Statement {
  const { from, to, until, periods, filters, include_bots, visible = [] } = plan
  const binder = createBinder(plan.project_id)
  const ever = plan.cohort === 'first'
  const range = { from: ever ? (plan.kept_from ?? 0) : from, to: until, asked: { from, to } }
  const rows = eventRows(reading, { ...range, include_bots, visible, filters }, binder)
  const keys = periodKeys(plan)
  const bounds = binder.bind('Array(UInt32)', keys)
  const parts: Parts = {
    rows,
    ever,
    begins: matchSql(rows, plan.start),
    returns: matchSql(rows, plan.returning),
    since: binder.bind('Int64', from),
    before: binder.bind('Int64', to),
    periodOf: (seconds) => `roundDown(${seconds}, ${bounds})`,
  }
  const members = startReturns(plan) ? membersByPeriod(parts) : membersByMoment(parts)
  return {
    query: `SELECT cohort, period, people FROM (
  SELECT cohort, arrayJoin(arrayPushFront(seen, toUInt32(${SIZE}))) AS period, count() AS people FROM (${members})
  GROUP BY cohort, period
)
WHERE period = ${SIZE} OR period <= ${lastOf(keys, periods, bounds, binder)}`,
    params: binder.params,
  }
}

/** The last period that a cohort is followed to. */
function lastOf(keys: readonly number[], periods: number, bounds: string, binder: Binder): string {
  const last = binder.bind(
    'Array(UInt32)',
    keys.map((key, place) => keys[place + periods] ?? key),
  )
  return `transform(cohort, ${bounds}, ${last}, cohort)`
}

/** Whether whoever does the start event returns by it: then the moments inside a period do not matter. */
function startReturns({ start, returning }: CohortsPlan): boolean {
  return returning === null || JSON.stringify(returning) === JSON.stringify(start)
}

/** `cohort` and `seen`, the periods from it on in which the person returned. */
function membersByPeriod({ rows, ever, begins, returns, since, before, periodOf }: Parts): string {
  const period = periodOf('toUnixTimestamp(e.timestamp)')
  const started = ever
    ? `${earliest(begins)} AS first, [${periodOf('toUInt32(intDiv(first, 1000))')}] AS begun`
    : `groupUniqArrayIf(${period}, ${[...(begins === null ? [] : [begins]), `${MOMENT} < ${before}`].join(' AND ')}) AS begun`
  return `
  SELECT arrayJoin(begun) AS cohort, arrayFilter(period -> period >= cohort, periods) AS seen FROM (
    SELECT ${rows.person()} AS person, ${started},
      ${returns === null ? `groupUniqArray(${period})` : `groupUniqArrayIf(${period}, ${returns})`} AS periods
    ${rows.from(useful(begins, returns, since))}
    GROUP BY person
    ${ever ? `HAVING first >= ${since} AND first < ${before}` : ''}
  )`
}

/**
 * The same where a return may come before the start in one period: the earliest start and the latest return of a person
 * in a period say everything, because a return counts when it is not before the start, and so do all in later periods.
 */
function membersByMoment({ rows, ever, begins, returns, since, before, periodOf }: Parts): string {
  const second = (moment: string): string => `toUInt32(intDiv(${moment}, 1000))`
  const begun = ever ? '[min(started)]' : `groupArrayIf(started, started < ${before})`
  return `
  SELECT ${periodOf(second('first'))} AS cohort, arrayMap(moment -> ${periodOf(second('moment'))}, arrayFilter(moment -> moment >= first, moments)) AS seen
  FROM (
    SELECT arrayJoin(${begun}) AS first, groupArrayIf(returned, returned > ${NONE}) AS moments
    FROM (
      SELECT ${rows.person()} AS person, ${periodOf('toUnixTimestamp(e.timestamp)')} AS period, ${earliest(begins)} AS started,
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
