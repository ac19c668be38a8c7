import type { CohortsPlan } from '../../../ports/cohorts-plan.js'
import type { Match } from '../../../ports/conditions.js'
import { createBinder, type Statement } from './binder.js'
import type { Reading } from './reading.js'
import { eventRows, type Rows } from './rows.js'

const MOMENT = 'toUnixTimestamp64Milli(e.timestamp)'
/** Moments that no event has: of a start that never came, and of a return. */
const NEVER = '9223372036854775807'
const NONE = '-1'

/**
 * Columns `cohort` and `period`, both starts of periods (`period` −1 for the size of the cohort), and `people`. The
 * earliest start and the latest return of a person in a period say everything: a return counts when it is not before
 * the start, and so do all in later periods.
 */
export function cohortsStatement(reading: Reading, plan: CohortsPlan): Statement {
  const { from, to, until, periods, starts, filters, visible = [] } = plan
  const binder = createBinder(plan.project_id)
  const ever = plan.cohort === 'first'
  const scope = {
    from: ever ? (plan.kept_from ?? 0) : from,
    to: until,
    include_bots: plan.include_bots,
    visible,
    filters,
    asked: { from, to },
  }
  const rows = eventRows(reading, scope, binder)
  const begins = matchSql(rows, plan.start)
  const returns = matchSql(rows, plan.returning)
  const [since, before] = [binder.bind('Int64', from), binder.bind('Int64', to)]
  const bounds = binder.bind('Array(Int64)', starts)
  // Of each period the start of the last that a cohort of it is followed to.
  const last = binder.bind(
    'Array(Int64)',
    starts.map((_, place) => starts[place + periods] ?? 0),
  )
  const begun = ever ? '[min(started)]' : `groupArrayIf(started, started < ${before})`
  return {
    query: `SELECT cohort, period, people FROM (
  SELECT roundDown(since, ${bounds}) AS cohort, if(moment = ${NONE}, ${NONE}, roundDown(moment, ${bounds})) AS period, count() AS people
  FROM (
    SELECT since, arrayJoin(arrayPushFront(arrayFilter(moment -> moment >= since, seen), toInt64(${NONE}))) AS moment
    FROM (
      SELECT arrayJoin(${begun}) AS since, groupArrayIf(returned, returned > ${NONE}) AS seen
      FROM (
        SELECT ${rows.person()} AS person, roundDown(${MOMENT}, ${bounds}) AS period,
          min(${begins === null ? MOMENT : `if(${begins}, ${MOMENT}, ${NEVER})`}) AS started,
          max(${returns === null ? MOMENT : `if(${returns}, ${MOMENT}, ${NONE})`}) AS returned
        ${rows.from(useful(begins, returns, since))}
        GROUP BY person, period
      )
      GROUP BY person
      HAVING min(started) >= ${since} AND min(started) < ${before}
    )
  )
  GROUP BY cohort, period
)
WHERE period <= transform(cohort, ${bounds}, ${last}, cohort)`,
    params: binder.params,
  }
}

/** Null = any event. */
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
