import type { RowCounts } from '../../ports/erasure-store.js'
import { settingsClause } from './client.js'
import { waitForMutations } from './mutations.js'
import { ask, type Clients, writing } from './upkeep-clients.js'

/** Erasures that are handled together, as bound values. */
export interface Erasing {
  readonly erasure_ids: readonly string[]
  readonly project_ids: readonly string[]
}

export function erasingOf(list: readonly { erasure_id: string; project_id: string }[]): Erasing {
  return {
    erasure_ids: [...new Set(list.map(({ erasure_id }) => erasure_id))],
    project_ids: [...new Set(list.map(({ project_id }) => project_id))],
  }
}

const OWN = 'project_id IN {project_ids:Array(UUID)} AND erasure_id IN {erasure_ids:Array(UUID)}'
const ROW = 'project_id, id_hash, timestamp, received_at, batch'
const COPY = `${ROW}, stored_at`

/** Whether a row that is equal to one written down but for `stored_at` goes too, as for a person, or stays. */
export type Extent = 'rows' | 'copies'

/** Tables that have something of the rows written down, with the condition for it; `db` is quoted. */
function deletions(db: string, extent: Extent): readonly (readonly [table: string, condition: string])[] {
  const rows = `${db}.erased_rows WHERE ${OWN}`
  const id = extent === 'rows' ? ROW : COPY
  return [
    ['event_ids', `(${id}) IN (SELECT ${id} FROM ${rows})`],
    [
      'identity_links',
      `(project_id, anonymous_id, timestamp, event_id, user_id) IN (SELECT project_id, anonymous_id, timestamp, event_id, user_id FROM ${rows} AND is_link)`,
    ],
    ['daily_rollup', `(project_id, day_start, day_end) IN (${touchedDays(db)})`],
    [
      'events',
      `(project_id, timestamp, event_id, received_at, batch, stored_at) IN (SELECT project_id, timestamp, event_id, received_at, batch, stored_at FROM ${rows})`,
    ],
  ]
}

/** Rollup days that hold something of the erased rows: a state of distinct visitors remembers each of them. */
function touchedDays(db: string): string {
  return `SELECT d.project_id, d.day_start, d.day_end
FROM (SELECT DISTINCT project_id, day_start, day_end FROM ${db}.daily_rollup WHERE project_id IN {project_ids:Array(UUID)}) AS d
INNER JOIN (SELECT DISTINCT project_id, quarter FROM ${db}.erased_rows WHERE ${OWN}) AS q ON q.project_id = d.project_id
WHERE q.quarter >= d.day_start AND q.quarter < d.day_end`
}

/** Tables that carry both ids, as they are read. A quarantined row may have a project id that is no UUID. */
const SOURCE = {
  events: (db: string) => `${db}.events`,
  identity_links: (db: string) => `${db}.identity_links`,
  quarantine: (db: string) =>
    `(SELECT * REPLACE (toUUIDOrZero(q.project_id) AS project_id) FROM ${db}.quarantine AS q WHERE q.project_id IN {project_ids:Array(String)})`,
} as const

/**
 * Rows of `table` that show a noted trace, as alias `e`, joined with the note as `t`. One pass over the table, however
 * many people there are. What was received before the moment goes, also when its clock was ahead.
 */
function matching(db: string, table: keyof typeof SOURCE): string {
  const noted = `${db}.erasures AS n WHERE n.project_id IN {project_ids:Array(UUID)} AND n.erasure_id IN {erasure_ids:Array(UUID)}`
  return `FROM (
  SELECT *, arrayJoin(if(user_id = '', [('anonymous', '', anonymous_id)], [('user', user_id, ''), ('both', user_id, anonymous_id)])) AS trace
  FROM ${SOURCE[table](db)}
  WHERE project_id IN {project_ids:Array(UUID)} AND (
    (project_id, user_id) IN (SELECT n.project_id, n.user_id FROM ${noted} AND n.kind = 'user')
    OR (user_id = '' AND (project_id, anonymous_id) IN (SELECT n.project_id, n.anonymous_id FROM ${noted} AND n.kind = 'anonymous'))
    OR (project_id, user_id, anonymous_id) IN (SELECT n.project_id, n.user_id, n.anonymous_id FROM ${noted} AND n.kind = 'both'))
) AS e
INNER JOIN (SELECT n.erasure_id AS erasure_id, n.project_id AS project_id, n.until AS until,
  tuple(toString(n.kind), n.user_id, n.anonymous_id) AS trace FROM ${noted}) AS t
ON t.project_id = e.project_id AND t.trace = e.trace
WHERE least(e.timestamp, e.received_at) <= t.until`
}

/**
 * Removes people. First the rows that go are written down, and every statement then means exactly those: a row that
 * comes meanwhile stays whole, for the next round to find. Nothing depends on the order in which tables are done, so
 * that all mutations run at once; a run that died is done again from what is written down.
 */
export async function purgePeople(clients: Clients, erasing: Erasing): Promise<Map<string, RowCounts>> {
  const { db, writer } = clients
  const query_params = { ...erasing }
  await writer.command({ query: writeDown(db), query_params })
  const quarantined = await purgeQuarantine(clients, erasing)
  const counts = await countsOf(clients, erasing)
  if (counts.size === 0) return quarantined

  await removeWritten(clients, erasing, 'rows')
  await showHidden(clients, erasing)
  for (const [id, more] of quarantined) counts.set(id, { ...counts.get(id), ...more })
  return counts
}

/** Removes the rows written down from every table that has something of them. */
export async function removeWritten(clients: Clients, erasing: Erasing, extent: Extent): Promise<void> {
  const { db, writer } = clients
  const query_params = { ...erasing }
  const tables = deletions(db, extent)
  // Days must stop answering from rollups before their rows go, and whatever is built while events go must not count.
  await touchMarks(clients, erasing)
  for (const [table, condition] of tables) {
    await writer.command({
      query: `ALTER TABLE ${db}.${table} DELETE WHERE project_id IN {project_ids:Array(UUID)} AND ${condition}
${settingsClause({ mutations_sync: 0, allow_nondeterministic_mutations: 1 })}`,
      query_params,
    })
  }
  await waitForMutations(
    clients,
    tables.map(([table]) => table),
  )
  await touchMarks(clients, erasing)
}

/** Refused events lie apart, few of them, and nothing was computed from them. */
async function purgeQuarantine(clients: Clients, erasing: Erasing): Promise<Map<string, RowCounts>> {
  const { db, writer } = clients
  const found = await ask<{ erasure: string; quarantine: number }>(
    clients,
    `SELECT toString(t.erasure_id) AS erasure, count() AS quarantine ${matching(db, 'quarantine')} GROUP BY erasure`,
    { ...erasing },
    true,
  )
  if (found.length > 0) {
    await writer.command({
      query: `ALTER TABLE ${db}.quarantine DELETE WHERE (project_id, quarantined_at, event_id) IN (
  SELECT toString(e.project_id), e.quarantined_at, e.event_id ${matching(db, 'quarantine')}
) ${settingsClause({ mutations_sync: 2, allow_nondeterministic_mutations: 1 })}`,
      query_params: { ...erasing },
    })
  }
  return new Map(found.map(({ erasure, quarantine }) => [erasure, { quarantine }]))
}

function writeDown(db: string): string {
  const columns = `erasure_id, project_id, event_id, id_hash, timestamp, received_at, batch, stored_at, quarter, anonymous_id, user_id, is_link`
  return `INSERT INTO ${db}.erased_rows (${columns}) ${settingsClause({ ...writing(), apply_deleted_mask: 0 })}
SELECT DISTINCT t.erasure_id, e.project_id, e.event_id, sipHash64(e.event_id), e.timestamp, e.received_at, e.batch, e.stored_at,
  toStartOfFifteenMinutes(e.timestamp), e.anonymous_id, e.user_id,
  e.event_name = '$identify' AND e.anonymous_id != '' AND e.user_id != ''
${matching(db, 'events')}
  AND (t.erasure_id, e.project_id, sipHash64(e.event_id), e.timestamp, e.received_at, e.batch, e.stored_at) NOT IN (SELECT erasure_id, ${COPY} FROM ${db}.erased_rows WHERE ${OWN})`
}

/** What goes, by erasure; erasures without a row are left out. */
async function countsOf(clients: Clients, erasing: Erasing): Promise<Map<string, RowCounts>> {
  const rows = await ask<Record<'events' | 'identity_links', number> & { erasure_id: string }>(
    clients,
    `SELECT toString(r.erasure_id) AS erasure_id, uniqExact(r.id_hash, r.timestamp, r.received_at, r.batch) AS events,
  uniqExactIf((r.id_hash, r.timestamp, r.received_at, r.batch), r.is_link) AS identity_links
FROM ${clients.db}.erased_rows AS r
WHERE r.project_id IN {project_ids:Array(UUID)} AND r.erasure_id IN {erasure_ids:Array(UUID)} GROUP BY r.erasure_id`,
    { ...erasing },
  )
  return new Map(rows.map(({ erasure_id, ...counts }) => [erasure_id, counts]))
}

async function touchMarks({ db, writer }: Clients, erasing: Erasing): Promise<void> {
  await writer.command({
    query: `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settingsClause(writing())}
SELECT DISTINCT project_id, quarter, 1, now64(3, 'UTC') FROM ${db}.erased_rows WHERE ${OWN}`,
    query_params: { ...erasing },
  })
}

/** What is still there after its mutation is new, or hidden by somebody's lightweight delete: that one is applied. */
async function showHidden(clients: Clients, erasing: Erasing): Promise<void> {
  const { db, writer } = clients
  const left = await countPeople(clients, erasing)
  const hidden = deletions(db, 'rows').flatMap(([table]) => (left[table] === undefined ? [] : [table]))
  for (const table of hidden) {
    await writer.command({
      query: `ALTER TABLE ${db}.${table} APPLY DELETED MASK ${settingsClause({ mutations_sync: 0 })}`,
    })
  }
  if (hidden.length > 0) await waitForMutations(clients, hidden)
}

/** Rows of noted people by table, hidden ones too; tables without are left out. */
export async function countPeople(clients: Clients, erasing: Erasing): Promise<RowCounts> {
  const { db } = clients
  const rows = `${db}.erased_rows WHERE ${OWN}`
  const own = 'project_id IN {project_ids:Array(UUID)}'
  const counts: Record<string, string> = {
    events: `SELECT count() AS n ${matching(db, 'events')}`,
    identity_links: `SELECT count() AS n ${matching(db, 'identity_links')}`,
    quarantine: `SELECT count() AS n ${matching(db, 'quarantine')}`,
    event_ids: `SELECT count() AS n FROM ${db}.event_ids WHERE ${own} AND (${ROW}) IN (SELECT ${ROW} FROM ${rows})`,
    daily_rollup: `SELECT count() AS n FROM ${db}.daily_rollup
WHERE ${own} AND (project_id, day_start, day_end) IN (${touchedDays(db)})
  AND (project_id, day_start, day_end, generation) NOT IN (${currentGenerations(db)})`,
  }
  const found = await ask<{ name: string; n: number }>(
    clients,
    Object.entries(counts)
      .map(([table, count]) => `SELECT '${table}' AS name, n FROM (${count})`)
      .join('\nUNION ALL\n'),
    { ...erasing },
    true,
  )
  return Object.fromEntries(found.filter(({ n }) => n > 0).map(({ name, n }) => [name, n]))
}

/** Generations of touched days that were built from the rows as they are now. */
export function currentGenerations(db: string): string {
  return `SELECT p.project_id, p.day_start, p.day_end, p.newest
FROM (
  SELECT project_id, day_start, day_end, max(generation) AS newest, argMax(marks, generation) AS built_from
  FROM ${db}.rollup_days WHERE project_id IN {project_ids:Array(UUID)} GROUP BY project_id, day_start, day_end
) AS p
INNER JOIN (SELECT project_id, quarter, sum(rows) AS rows FROM ${db}.marks WHERE project_id IN {project_ids:Array(UUID)} GROUP BY project_id, quarter) AS m
ON m.project_id = p.project_id
WHERE m.quarter >= p.day_start AND m.quarter < p.day_end
GROUP BY p.project_id, p.day_start, p.day_end, p.newest, p.built_from
HAVING sum(m.rows) = p.built_from`
}
