import type { ChangedQuarter, Day } from '../../ports/event-store.js'
import { identifier, settingsClause } from './client.js'
import { currentGenerations } from './purge.js'
import type { Read } from './reader.js'
import { rollupOf } from './schema/rollup.js'
import { settledUntil } from './settled.js'
import { twinsStatement } from './sql/reading.js'
import { ask, type Clients, EVERY_PROJECT, writing } from './upkeep-clients.js'
import { isRewriting } from './verdicts.js'

const KEEP_OLD_GENERATIONS_S = 600

export async function changedSince(read: Read, database: string, since: number): Promise<ChangedQuarter[]> {
  return await read<ChangedQuarter>({
    query: `SELECT toString(m.project_id) AS project_id, toInt64(toUnixTimestamp(m.quarter)) * 1000 AS quarter
FROM ${identifier(database)}.marks AS m
WHERE m.last_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
GROUP BY project_id, quarter
ORDER BY project_id, quarter`,
    params: { since },
  })
}

export interface Builder {
  readonly clients: Clients
  readonly read: Read
  readonly database: string
  /** Days with fewer rows are not worth a rollup. */
  readonly fromRows: number
  /** Projects whose replaced generations are still there. */
  readonly rebuilt: Set<string>
}

/**
 * Writes a new generation of each day, then points to it. Readers see the old generation or the new one, never a part;
 * a build that dies leaves rows that nobody points to.
 */
export async function buildDays(builder: Builder, projectId: string, days: readonly Day[]): Promise<number> {
  const { read, database } = builder
  const [twins] = await read<{ twins: number }>(twinsStatement(database, projectId))
  if ((twins?.twins ?? 0) > 0) return 0
  // An insert is seen in one table a little before the other.
  const settled = await settledUntil(builder.clients)
  let built = 0
  for (const day of await changedDays(builder, projectId, days, settled))
    built += (await buildDay(builder, projectId, day)) ? 1 : 0
  if (built > 0) builder.rebuilt.add(projectId)
  return built
}

interface ChangedDay extends Day {
  /** Ever marked in it. */
  readonly rows: number
}

/**
 * Those that are large enough, have been quiet, and to which no pointer tells as many rows, by one look: after an import of
 * a year each round would else ask day by day.
 */
async function changedDays(
  { clients, fromRows }: Builder,
  projectId: string,
  days: readonly Day[],
  settled: string,
): Promise<readonly ChangedDay[]> {
  // The engine rounds to no empty list.
  if (days.length === 0) return []
  const { db } = clients
  const ascending = days.toSorted((a, b) => a.start - b.start)
  const found = await ask<{ start: number; rows: number }>(
    clients,
    `SELECT day AS start, sum(arrived) AS rows FROM (
  SELECT toUnixTimestamp(r.day_start) AS day, (r.generation, r.marks) AS made, toUInt64(0) AS arrived, toDateTime64(0, 3, 'UTC') AS at
  FROM ${db}.rollup_days AS r
  WHERE r.project_id = {project_id:UUID} AND toUnixTimestamp(r.day_end) = transform(day, {starts:Array(UInt32)}, {ends:Array(UInt32)}, toUInt32(0))
  UNION ALL
  SELECT roundDown(toUnixTimestamp(m.quarter), {starts:Array(UInt32)}) AS day, (toUInt64(0), toUInt64(0)) AS made, m.rows AS arrived, m.last_at AS at
  FROM ${db}.marks AS m
  WHERE m.project_id = {project_id:UUID} AND m.quarter >= toDateTime({first:UInt32})
    AND toUnixTimestamp(m.quarter) < transform(day, {starts:Array(UInt32)}, {ends:Array(UInt32)}, toUInt32(0))
)
GROUP BY day
HAVING rows > {most:UInt64} AND max(made).2 != rows AND max(at) < toDateTime64({settled:String}, 6, 'UTC')`,
    {
      project_id: projectId,
      starts: ascending.map(({ start }) => seconds(start)),
      ends: ascending.map(({ end }) => seconds(end)),
      first: seconds(ascending[0]?.start ?? 0),
      most: fromRows,
      settled,
    },
  )
  const changed = new Map(found.map(({ start, rows }) => [start, rows]))
  return days.flatMap((day) => {
    const rows = changed.get(seconds(day.start))
    return rows === undefined ? [] : [{ ...day, rows }]
  })
}

async function buildDay(
  { clients, read, database }: Builder,
  projectId: string,
  day: ChangedDay,
): Promise<boolean> {
  const { db, writer } = clients
  // Milliseconds, so that generations ascend; the random part keeps two builders in one millisecond apart.
  const generation = `${Date.now()}${Math.floor(Math.random() * 1000)
    .toString()
    .padStart(3, '0')}`
  const bounds = `toDateTime(${seconds(day.start)}, 'UTC'), toDateTime(${seconds(day.end)}, 'UTC')`
  const params = { project_id: projectId, from: day.start, to: day.end }
  await writer.command({
    query: `INSERT INTO ${db}.daily_rollup ${settingsClause(writing())}
SELECT {project_id:UUID}, ${bounds}, ${generation}, * FROM (${rollupOf(eventsOf(db))})`,
    query_params: params,
  })
  // Asked last: a run that rewrites verdicts and is over by now has touched the marks after its last row.
  const rewriting = await isRewriting(read, database, projectId)
  if (rewriting || (await rowsMarked(clients, projectId, day)) !== day.rows) return false
  await writer.command({
    query: `INSERT INTO ${db}.rollup_days ${settingsClause(writing())}
SELECT {project_id:UUID}, ${bounds}, ${generation}, ${day.rows}`,
    query_params: { project_id: projectId },
  })
  return true
}

async function rowsMarked(clients: Clients, projectId: string, day: Day): Promise<number | undefined> {
  const [marks] = await ask<{ rows: number }>(
    clients,
    `SELECT sum(m.rows) AS rows FROM ${clients.db}.marks AS m
WHERE m.project_id = {project_id:UUID} AND m.quarter >= toDateTime({start:UInt32}) AND m.quarter < toDateTime({end:UInt32})`,
    { project_id: projectId, start: seconds(day.start), end: seconds(day.end) },
  )
  return marks?.rows
}

/**
 * Removes generations that were replaced, for all projects in one statement: deletes cost by the statement. Those of the
 * last ten minutes stay, for readers that began with them. Nobody reads old generations, so this may wait for hours.
 */
export async function dropOldGenerations({ clients, rebuilt }: Builder): Promise<void> {
  if (rebuilt.size === 0) return
  const project_ids = [...rebuilt]
  rebuilt.clear()
  const { db, writer } = clients
  const newest = (Date.now() - KEEP_OLD_GENERATIONS_S * 1000) * 1000
  await writer.command({
    query: `ALTER TABLE ${db}.daily_rollup DELETE WHERE project_id IN {project_ids:Array(UUID)} AND generation < ${newest}
AND (project_id, day_start, day_end, generation) NOT IN (
  SELECT project_id, day_start, day_end, max(generation) FROM ${db}.rollup_days WHERE project_id IN {project_ids:Array(UUID)}
  GROUP BY project_id, day_start, day_end
) ${settingsClause({ mutations_sync: 0, allow_nondeterministic_mutations: 1 })}`,
    query_params: { project_ids },
  })
}

interface BuiltDay {
  project_id: string
  from: number
  to: number
  /** Events that its rollup counts. */
  rolled: number
}

/**
 * Makes built days count raw that hold events of a span of the server's clock without knowing of them: a view that failed,
 * or a power cut, may have taken the marks of an insert. Every project at once; nearly always there is no such day.
 */
export async function recheckDays(clients: Clients, since: string, until: string): Promise<void> {
  const { db, writer } = clients
  const rows = `${db}.events WHERE ${EVERY_PROJECT} stored_at > toDateTime64({since:String}, 6, 'UTC') AND stored_at <= toDateTime64({until:String}, 6, 'UTC')`
  const touched = await ask<{ project_id: string; start: number; end: number }>(
    clients,
    `SELECT DISTINCT toString(d.project_id) AS project_id, toUnixTimestamp(d.day_start) AS start, toUnixTimestamp(d.day_end) AS end
FROM (SELECT DISTINCT project_id, day_start, day_end FROM ${db}.rollup_days WHERE ${EVERY_PROJECT} project_id IN (SELECT project_id FROM ${rows})) AS d
INNER JOIN (SELECT DISTINCT project_id, toStartOfFifteenMinutes(timestamp) AS quarter FROM ${rows}) AS q ON q.project_id = d.project_id
WHERE q.quarter >= d.day_start AND q.quarter < d.day_end`,
    { since, until },
  )
  if (touched.length === 0) return
  const days = {
    project_ids: touched.map(({ project_id }) => project_id),
    starts: touched.map(({ start }) => start),
    ends: touched.map(({ end }) => end),
  }
  const built = await ask<BuiltDay>(
    clients,
    `SELECT toString(r.project_id) AS project_id, toInt64(toUnixTimestamp(r.day_start)) * 1000 AS from, toInt64(toUnixTimestamp(r.day_end)) * 1000 AS to, sum(r.events) AS rolled
FROM ${db}.daily_rollup AS r WHERE r.project_id IN {project_ids:Array(UUID)} AND (toString(r.project_id), toUnixTimestamp(r.day_start), toUnixTimestamp(r.day_end)) IN (
  SELECT arrayJoin(arrayZip(arrayMap(id -> toString(id), {project_ids:Array(UUID)}), {starts:Array(UInt32)}, {ends:Array(UInt32)}))
) AND (r.project_id, r.day_start, r.day_end, r.generation) IN (${currentGenerations(db)})
GROUP BY r.project_id, r.day_start, r.day_end`,
    days,
  )
  for (const { rolled, ...day } of built) {
    const [found] = await ask<{ n: number }>(clients, `SELECT count() AS n FROM ${eventsOf(db)}`, day)
    if (found?.n === rolled) continue
    await writer.command({
      query: `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settingsClause(writing())}
SELECT DISTINCT project_id, toStartOfFifteenMinutes(timestamp), 1, now64(3, 'UTC') FROM ${eventsOf(db)}`,
      query_params: day,
    })
  }
}

/** `events AS e WHERE …` of a day. */
function eventsOf(db: string): string {
  return `${db}.events AS e WHERE e.project_id = {project_id:UUID}
  AND e.timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND e.timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
