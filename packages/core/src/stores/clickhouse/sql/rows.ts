import type { Condition, Match } from '../../../ports/conditions.js'
import { identifier } from '../client.js'
import { type Binder, instant } from './binder.js'
import { type Columns, conditionSql, eventColumns } from './conditions.js'
import { EVENT_HALF, EVENT_VISIT, IN_SESSION, lookRange, sessionPages } from './fragments.js'
import { EVENT_ACTOR, owners, PERSON_HASH } from './identity.js'
import { firstOfItsId, type Reading } from './reading.js'

export interface RowScope {
  readonly from: number
  readonly to: number
  readonly include_bots: boolean
  readonly visible?: readonly Condition[]
  readonly filters: readonly Condition[]
  /** Where `done` looks, when that is not the range of the rows. */
  readonly asked?: { readonly from: number; readonly to: number }
  /** Around which range sessions are looked for, when that is not the range of the rows. */
  readonly near?: { readonly from: number; readonly to: number }
}

/** Rows of `events AS e`, and what can be said of them. Tables are joined only for what was asked. */
export interface Rows extends Columns {
  /** The person as 64 bits. */
  person(): string
  /** A condition as SQL. */
  condition(condition: Condition): string
  /** `FROM … WHERE …` with everything that was asked of these rows until now; so it is built last. */
  from(more?: readonly string[]): string
}

/** Every read of events starts here: the project, the range and what may be seen are pinned. */
export function eventRows(reading: Reading, scope: RowScope, binder: Binder): Rows {
  let needsLinks = false
  let needsPages = false
  function person(): string {
    needsLinks = true
    return PERSON_HASH
  }
  const columns = eventColumns('e', binder, {
    page(field) {
      needsPages = true
      return field === 'entry_path' ? 'v.entry_page' : 'v.exit_page'
    },
    done(match) {
      return `${person()} IN (${doers(reading, scope, match, binder)})`
    },
  })
  const condition = (one: Condition): string => conditionSql(one, columns, binder)
  const conditions = [...(scope.visible ?? []), ...scope.filters].map(condition)
  return {
    ...columns,
    person,
    condition,
    from(more = []) {
      const tables = [
        `${identifier(reading.database)}.events AS e`,
        ...(needsLinks ? [`LEFT JOIN ${owners(reading, binder)} AS l ON l.actor = ${EVENT_ACTOR}`] : []),
        ...(needsPages
          ? [
              `LEFT JOIN (${sessionPages(sessionsNear(reading, scope, binder))}) AS v ON v.visit = ${EVENT_VISIT} AND v.half = ${EVENT_HALF}`,
            ]
          : []),
      ]
      const where = [
        'e.project_id = {project_id:UUID}',
        `e.timestamp >= ${instant(binder, scope.from)}`,
        `e.timestamp < ${instant(binder, scope.to)}`,
        ...(scope.include_bots ? [] : ['NOT e.is_bot']),
        ...conditions,
        ...more,
        ...firstOfItsId(reading, 'e'),
      ]
      return `FROM ${tables.join('\n')} WHERE ${where.join(' AND ')}`
    },
  }
}

/** `FROM … WHERE …` of all rows that can share a session with rows of the range. */
function sessionsNear(reading: Reading, scope: RowScope, binder: Binder): string {
  const { include_bots, visible = [] } = scope
  const range = lookRange(scope.near ?? scope, reading)
  const near = eventRows(reading, { ...range, include_bots, visible, filters: [] }, binder)
  return near.from([IN_SESSION])
}

/** Rows that match, among those that may be seen. */
export function matchRows(reading: Reading, scope: RowScope, match: Match, binder: Binder): Rows {
  const { from, to } = scope.asked ?? scope
  const named: Condition = { op: 'is', field: 'event_name', values: [match.event] }
  const { visible = [] } = scope
  return eventRows(
    reading,
    { from, to, include_bots: scope.include_bots, visible, filters: [named, ...match.where] },
    binder,
  )
}

function doers(reading: Reading, scope: RowScope, match: Match, binder: Binder): string {
  const rows = matchRows(reading, scope, match, binder)
  return `SELECT DISTINCT ${rows.person()} ${rows.from()}`
}
