import { SESSION_DIMENSIONS, type SessionDimension } from '@millimetric/schema/wire'
import type { Condition, Field } from '../../../ports/conditions.js'
import type { SessionMetric, StatsPlan } from '../../../ports/stats-plan.js'
import { FIRST_COLUMNS } from '../schema/sessions.js'
import type { Binder } from './binder.js'
import { textSql } from './conditions.js'
import {
  chains,
  ENTRY_PATH,
  EVENT_HALF,
  EVENT_VISIT,
  EXIT_PATH,
  lookRange,
  SESSION_KEY,
  type State,
} from './fragments.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

export const SESSION_MEASURE: { readonly [M in SessionMetric]: string } = {
  sessions: 'count()',
  bounce_rate: 'if(count() = 0, NULL, countIf(views = 1 AND rest = 0) / count())',
  session_duration: 'if(count() = 0, NULL, sum(ended - started) / 1000 / count())',
  views_per_session: 'if(count() = 0, NULL, sum(views) / count())',
}

/**
 * One row a session that starts in the range: `started`, `ended`, `views`, `rest`, and the dimensions that are asked
 * for. A condition on what is not the session's own holds when one of its events meets it.
 */
export function sessionRows(
  reading: Reading,
  plan: StatsPlan,
  dimensions: readonly SessionDimension[],
  binder: Binder,
): string {
  const met: Condition[] = []
  const used = new Set<SessionDimension>(dimensions)
  const filters = plan.filters.map((condition) => sessionCondition(condition, used, met, binder))
  const chained = chains(reading, plan, binder, statesFor(used))
  const rows =
    met.length === 0
      ? `(${chained})`
      : `(${chained}) AS c LEFT JOIN (${metBy(reading, plan, met, binder)}) AS w ON w.visit = c.visit AND w.half = c.half`
  const columns = [
    'min(started_ms) AS started',
    'max(ended_ms) AS ended',
    'sum(pageviews) AS views',
    'sum(others) AS rest',
    ...[...used].map((name) => `${sessionColumn(name)} AS ${name}`),
    ...met.map((_, index) => `max(w.met_${index}) AS any_${index}`),
  ]
  const conditions = [
    `started >= ${binder.bind('Int64', plan.from)}`,
    `started < ${binder.bind('Int64', plan.to)}`,
    ...filters,
  ]
  return `SELECT ${columns.join(', ')} FROM ${rows}
GROUP BY ${SESSION_KEY}
HAVING ${conditions.join(' AND ')}`
}

/** The condition on a session; adds what it needs of the session, and of its events. */
function sessionCondition(
  condition: Condition,
  used: Set<SessionDimension>,
  met: Condition[],
  binder: Binder,
): string {
  const inner = (one: Condition): string => sessionCondition(one, used, met, binder)
  if (condition.op === 'and' || condition.op === 'or') {
    return `(${condition.of.map(inner).join(condition.op === 'and' ? ' AND ' : ' OR ')})`
  }
  if (condition.op === 'not') return `NOT ${inner(condition.of)}`
  // Numbers are only under properties, which are the events' own.
  if ('values' in condition && isSessionDimension(condition.field)) {
    used.add(condition.field)
    return textSql(condition.field, condition, binder)
  }
  met.push(condition)
  return `any_${met.length - 1} = 1`
}

/** `visit`, `half` and for each condition whether an event there meets it. */
function metBy(reading: Reading, plan: StatsPlan, met: readonly Condition[], binder: Binder): string {
  const { from, to, include_bots, visible = [] } = plan
  const scope = { ...lookRange(plan), include_bots, visible, filters: [], asked: { from, to } }
  const rows = eventRows(reading, scope, binder)
  const tests = met.map((condition) => rows.condition(condition))
  const columns = tests.map((test, index) => `max(${test}) AS met_${index}`)
  return `SELECT ${EVENT_VISIT} AS visit, ${EVENT_HALF} AS half, ${columns.join(', ')}
${rows.from(["e.session_id != ''", `(${tests.join(' OR ')})`])}
GROUP BY visit, half`
}

function statesFor(dimensions: ReadonlySet<SessionDimension>): State[] {
  const ofFirst = [...dimensions].some((name) => name !== 'entry_path' && name !== 'exit_path')
  return [
    'pageviews',
    'others',
    ...(ofFirst ? (['first'] as const) : []),
    ...(dimensions.has('entry_path') ? (['entry_page'] as const) : []),
    ...(dimensions.has('exit_path') ? (['exit_page'] as const) : []),
  ]
}

function sessionColumn(name: SessionDimension): string {
  if (name === 'entry_path') return ENTRY_PATH
  if (name === 'exit_path') return EXIT_PATH
  // The first element of the tuple is the moment.
  return `argMin(first.${FIRST_COLUMNS.indexOf(name) + 2}, first.1)`
}

export function isSessionDimension(field: Field | string): field is SessionDimension {
  return SESSION_DIMENSIONS.some((name) => name === field)
}
