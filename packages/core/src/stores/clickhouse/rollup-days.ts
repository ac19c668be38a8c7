import { randomUuid } from '#crypto'
import type { ChangedQuarter, Day } from '../../ports/event-store.js'
import { type ClickhouseClient, identifier, settingsClause } from './client.js'
import type { Read } from './reader.js'
import { rollupOf } from './schema/rollup.js'
import { twinsStatement } from './sql/reading.js'

/** Seconds without a change before a day is built: an insert is visible in one table a little before the other. */
const QUIET_S = 30
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
  readonly writer: ClickhouseClient
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
  let built = 0
  for (const day of days) built += (await buildDay(builder, projectId, day)) ? 1 : 0
  if (built > 0) builder.rebuilt.add(projectId)
  return built
}

interface Marks {
  rows: number
  quiet: number
  built: number
}

async function buildDay(
  { writer, read, database, fromRows }: Builder,
  projectId: string,
  day: Day,
): Promise<boolean> {
  const before = await marksOf(read, database, projectId, day)
  if (before === undefined || before.quiet === 0 || before.rows <= fromRows || before.built === 1)
    return false
  const db = identifier(database)
  // Milliseconds, so that generations ascend; the random part keeps two builders in one millisecond apart.
  const generation = `${Date.now()}${Math.floor(Math.random() * 1000)
    .toString()
    .padStart(3, '0')}`
  const bounds = `toDateTime(${seconds(day.start)}, 'UTC'), toDateTime(${seconds(day.end)}, 'UTC')`
  const params = { project_id: projectId, from: day.start, to: day.end }
  const rows = `${db}.events AS e WHERE e.project_id = {project_id:UUID}
  AND e.timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND e.timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`
  await writer.command({
    query: `INSERT INTO ${db}.daily_rollup ${settingsClause(oneShot())}
SELECT {project_id:UUID}, ${bounds}, ${generation}, * FROM (${rollupOf(rows)})`,
    query_params: params,
  })
  const after = await marksOf(read, database, projectId, day)
  if (after?.rows !== before.rows) return false
  await writer.command({
    query: `INSERT INTO ${db}.rollup_days ${settingsClause(oneShot())}
SELECT {project_id:UUID}, ${bounds}, ${generation}, ${before.rows}`,
    query_params: { project_id: projectId },
  })
  return true
}

/** Rows ever marked in the day, whether it has been quiet, and whether the pointer already says so. */
async function marksOf(
  read: Read,
  database: string,
  projectId: string,
  day: Day,
): Promise<Marks | undefined> {
  const db = identifier(database)
  const [marks] = await read<Marks>({
    query: `SELECT sum(m.rows) AS rows, max(m.last_at) < now64(3, 'UTC') - INTERVAL ${QUIET_S} SECOND AS quiet,
  rows = (SELECT argMax(r.marks, r.generation) FROM ${db}.rollup_days AS r WHERE r.project_id = {project_id:UUID}
    AND r.day_start = toDateTime({start:UInt32}) AND r.day_end = toDateTime({end:UInt32})) AS built
FROM ${db}.marks AS m
WHERE m.project_id = {project_id:UUID} AND m.quarter >= toDateTime({start:UInt32}) AND m.quarter < toDateTime({end:UInt32})`,
    params: { project_id: projectId, start: seconds(day.start), end: seconds(day.end) },
  })
  return marks
}

/**
 * Removes generations that were replaced, for all projects in one statement: deletes cost by the statement. Those of the
 * last ten minutes stay, for readers that began with them. Nobody reads old generations, so this may wait for hours.
 */
export async function dropOldGenerations({ writer, database, rebuilt }: Builder): Promise<void> {
  if (rebuilt.size === 0) return
  const project_ids = [...rebuilt]
  rebuilt.clear()
  const db = identifier(database)
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

function oneShot(): Record<string, string | number> {
  return { insert_deduplication_token: randomUuid(), async_insert: 0 }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
