import { SESSION_DIMENSIONS, type SessionDimension } from '@millimetric/schema/wire'
import { type Condition, type Field, isOfText, type Match } from '../../../ports/conditions.js'
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
  IS_PAGE,
  lookRange,
  SESSION_KEY,
} from './fragments.js'
import type { Reading } from './reading.js'
import { eventRows, type RowScope, type Rows } from './rows.js'
import { sessionWalks } from './walks.js'

export const SESSION_MEASURE: { readonly [M in SessionMetric]: string } = {
  sessions: 'count()',
  bounce_rate: 'if(count() = 0, NULL, countIf(views = 1 AND rest = 0) / count())',
  session_duration: 'if(count() = 0, NULL, sum(ended - started) / 1000 / count())',
  views_per_session: 'if(count() = 0, NULL, sum(views) / count())',
}

/**
 * One row a session that starts in the range: `started`, `ended`, `views`, `rest`, and `session_<dimension>` for those
 * that are asked for. A condition on what is not the session's own holds when one of its events meets it.
 */
export function sessionRows(
  reading: Reading,
  plan: RowScope,
  dimensions: readonly SessionDimension[],
  binder: Binder,
): string {
  const { filters, dimensions: used, met } = sessionConditions(plan, dimensions, binder)
  const rows = eventRows(reading, around(reading, plan), binder)
  const fragment = [
    `${FRAGMENT.pageviews} AS pageviews`,
    `${FRAGMENT.others} AS others`,
    ...used.map((name) => `${isPage(name) ? FRAGMENT[name] : firstOf(rows.text(name))} AS ${name}`),
    ...met.map((condition, index) => `max(${rows.condition(condition)}) AS met_${index}`),
  ]
  const columns = [
    'min(started_ms) AS started',
    'max(ended_ms) AS ended',
    'sum(pageviews) AS views',
    'sum(others) AS rest',
    ...used.map((name) => `${sessionColumn(name)} AS session_${name}`),
    ...met.map((_, index) => `max(met_${index}) AS any_${index}`),
  ]
  return `SELECT ${columns.join(', ')} FROM (${chains(rows.from([IN_SESSION]), fragment)})
GROUP BY ${SESSION_KEY}
HAVING ${[...startsIn(plan, 'started', binder), ...filters].join(' AND ')}`
}

/** Parts of an event in a walk: milliseconds, after the rest of its moment whether it is a page, and its path if it is. */
const [MS, PAGE, PATH] = [1, 5, 6]
/** The first of the caller's own. */
export const OWN_PART = 7

/**
 * One row a session that starts in the range, as `sessionRows` has it: `walk`, its events in order, as tuples. From {@link OWN_PART} on they
 * hold what the caller adds of rows `e`. Sessions without an event like `only` may be left out.
 */
export function sessionPaths(
  reading: Reading,
  plan: RowScope,
  binder: Binder,
  { own, only }: { own: (rows: Rows) => readonly string[]; only?: Match },
): string {
  const { filters, dimensions, met } = sessionConditions(plan, [], binder)
  const near = around(reading, plan)
  const rows = eventRows(reading, near, binder)
  const parts = [
    ...['timestamp', 'received_at'].map((time) => `toUnixTimestamp64Milli(e.${time})`),
    'e.seq',
    'e.event_id',
    IS_PAGE,
    `if(${IS_PAGE}, e.path, '')`,
    ...own(rows),
  ]
  const found: string[] = []
  for (const name of dimensions) {
    const page = isPage(name)
    if (!page) parts.push(rows.text(name))
    const event = page
      ? `${name === 'entry_path' ? 'arrayFirst' : 'arrayLast'}(event -> event.${PAGE}, walk)`
      : 'walk[1]'
    found.push(`${event}.${page ? PATH : parts.length} AS session_${name}`)
  }
  met.forEach((condition, index) => {
    parts.push(rows.condition(condition))
    found.push(`arrayExists(event -> event.${parts.length}, walk) AS any_${index}`)
  })
  // All sessions of a visit stay, for they tell each other's beginning.
  const visits =
    only === undefined
      ? []
      : [`${EVENT_VISIT} IN (SELECT ${EVENT_VISIT} ${visitsWith(reading, near, only, binder)})`]
  const walks = sessionWalks(
    rows.from([IN_SESSION, ...visits]),
    `tuple(${parts.join(', ')})`,
    (event) => `${event}.${MS}`,
  )
  return `SELECT ${['walk', ...found].join(', ')} FROM (${walks}) WHERE ${[...startsIn(plan, `walk[1].${MS}`, binder), ...filters].join(' AND ')}`
}

/** Of all rows that can share a session with rows of the range. */
function around(reading: Reading, { from, to, include_bots, visible = [] }: RowScope): RowScope {
  const asked = { from, to }
  return { ...lookRange(asked, reading), include_bots, visible, filters: [], asked, near: asked }
}

function startsIn({ from, to }: RowScope, started: string, binder: Binder): string[] {
  return [`${started} >= ${binder.bind('Int64', from)}`, `${started} < ${binder.bind('Int64', to)}`]
}

function visitsWith(reading: Reading, near: RowScope, { event, where }: Match, binder: Binder): string {
  const named: Condition = { op: 'is', field: 'event_name', values: [event] }
  return eventRows(reading, { ...near, filters: [named, ...where] }, binder).from([IN_SESSION])
}

/** Conditions on `session_<dimension>` and `any_<index>`, with the dimensions and conditions on events that these stand for. */
interface SessionConditions {
  readonly filters: readonly string[]
  readonly dimensions: readonly SessionDimension[]
  readonly met: readonly Condition[]
}

function sessionConditions(
  plan: RowScope,
  dimensions: readonly SessionDimension[],
  binder: Binder,
): SessionConditions {
  const met: Condition[] = []
  const used = new Set<SessionDimension>(dimensions)
  const filters = plan.filters.map((condition) => sessionCondition(condition, used, met, binder))
  return { filters, dimensions: [...used], met }
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
  if (isOfText(condition) && isSessionDimension(condition.field)) {
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
