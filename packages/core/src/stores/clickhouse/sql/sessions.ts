import { SESSION_DIMENSIONS, type SessionDimension } from '@millimetric/schema/wire'
import type { Condition, Field, Match } from '../../../ports/conditions.js'
import type { SessionMetric } from '../../../ports/stats-plan.js'
import type { Binder } from './binder.js'
import { textSql } from './conditions.js'
import {
  chains,
  ENTRY_PATH,
  EVENT_VISIT,
  EXIT_PATH,
  FRAGMENT,
  firstOf,
  IN_SESSION,
  lookRange,
  SESSION_KEY,
} from './fragments.js'
import type { Reading } from './reading.js'
import { eventRows, type RowScope, type Rows } from './rows.js'

export const SESSION_MEASURE: { readonly [M in SessionMetric]: string } = {
  sessions: 'count()',
  bounce_rate: 'if(count() = 0, NULL, countIf(views = 1 AND rest = 0) / count())',
  session_duration: 'if(count() = 0, NULL, sum(ended - started) / 1000 / count())',
  views_per_session: 'if(count() = 0, NULL, sum(views) / count())',
}

/**
 * One row a session that starts in the range: `started`, `ended`, `views`, `rest`, and `session_<dimension>` for those
 * that are asked for, and a column of the caller's own: what it takes of a fragment, and of the fragments of a session. A
 * condition on what is not the session's own holds when one of its events meets it.
 */
export function sessionRows(
  reading: Reading,
  plan: RowScope,
  dimensions: readonly SessionDimension[],
  binder: Binder,
  own?: (rows: Rows) => OwnColumn,
): string {
  const met: Condition[] = []
  const used = new Set<SessionDimension>(dimensions)
  const filters = plan.filters.map((condition) => sessionCondition(condition, used, met, binder))
  const { from, to, include_bots, visible = [] } = plan
  const asked = { from, to }
  const near = { ...lookRange(plan, reading), include_bots, visible, filters: [], asked, near: asked }
  const rows = eventRows(reading, near, binder)
  const more = own?.(rows)
  const fragment = [
    `${FRAGMENT.pageviews} AS pageviews`,
    `${FRAGMENT.others} AS others`,
    ...[...used].map((name) => `${isPage(name) ? FRAGMENT[name] : firstOf(rows.text(name))} AS ${name}`),
    ...met.map((condition, index) => `max(${rows.condition(condition)}) AS met_${index}`),
    ...(more === undefined ? [] : [more.fragment]),
  ]
  const columns = [
    'min(started_ms) AS started',
    'max(ended_ms) AS ended',
    'sum(pageviews) AS views',
    'sum(others) AS rest',
    ...[...used].map((name) => `${sessionColumn(name)} AS session_${name}`),
    ...met.map((_, index) => `max(met_${index}) AS any_${index}`),
    ...(more === undefined ? [] : [more.session]),
  ]
  const conditions = [
    `started >= ${binder.bind('Int64', from)}`,
    `started < ${binder.bind('Int64', to)}`,
    ...filters,
  ]
  const visits =
    more?.only === undefined
      ? []
      : [`${EVENT_VISIT} IN (SELECT ${EVENT_VISIT} ${visitsWith(reading, near, more.only, binder)})`]
  return `SELECT ${columns.join(', ')} FROM (${chains(rows.from([IN_SESSION, ...visits]), fragment)})
GROUP BY ${SESSION_KEY}
HAVING ${conditions.join(' AND ')}`
}

/** A column of the caller's own: what it takes of a fragment, and of the fragments of a session. */
interface OwnColumn {
  readonly fragment: string
  readonly session: string
  /** Sessions without such an event may be left out. All sessions of a visit stay, for they tell each other's beginning. */
  readonly only?: Match
}

function visitsWith(reading: Reading, near: RowScope, { event, where }: Match, binder: Binder): string {
  const named: Condition = { op: 'is', field: 'event_name', values: [event] }
  return eventRows(reading, { ...near, filters: [named, ...where] }, binder).from([IN_SESSION])
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
    return textSql(`session_${condition.field}`, condition, binder)
  }
  met.push(condition)
  return `any_${met.length - 1} = 1`
}

function isPage(name: SessionDimension): name is 'entry_path' | 'exit_path' {
  return name === 'entry_path' || name === 'exit_path'
}

function sessionColumn(name: SessionDimension): string {
  if (isPage(name)) return name === 'entry_path' ? ENTRY_PATH : EXIT_PATH
  return `argMin(${name}, half)`
}

export function isSessionDimension(field: Field | string): field is SessionDimension {
  return SESSION_DIMENSIONS.some((name) => name === field)
}
