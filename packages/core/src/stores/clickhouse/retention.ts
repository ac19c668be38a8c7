import type { RetentionSelector, RowCounts } from '../../ports/erasure-store.js'
import { settingsClause } from './client.js'
import { waitForMutations } from './mutations.js'
import { ask, type Clients } from './upkeep-clients.js'

interface Expiring {
  readonly table: string
  /** Says how old a row is. */
  readonly time: string
  /** Partitioned by the month of that column, so that whole months can be dropped. */
  readonly monthly: boolean
  /** Where the project is not the column `project_id` of type UUID. */
  readonly project?: string
}

/** Every table with rows of a time. A rollup day goes with its first moment: it answers only for whole days. */
export const EXPIRING: readonly Expiring[] = [
  { table: 'rollup_days', time: 'day_start', monthly: true },
  { table: 'daily_rollup', time: 'day_start', monthly: true },
  { table: 'identity_links', time: 'timestamp', monthly: true },
  { table: 'event_ids', time: 'timestamp', monthly: false },
  { table: 'events', time: 'timestamp', monthly: true },
  { table: 'marks', time: 'quarter', monthly: true },
  { table: 'tombstones', time: 'until', monthly: false },
  {
    table: 'quarantine',
    // Its time may be what was wrong with it.
    time: "if(timestamp = toDateTime64(0, 3, 'UTC'), quarantined_at, timestamp)",
    monthly: false,
    project: 'toUUIDOrZero(project_id)',
  },
]

// Projects of one statement: their ids travel as URL parameters, which servers bound at 1 MiB.
const PROJECTS = 5000

/** Rows older than the limit of their project, all projects in one condition. */
function expired({ time, project = 'project_id' }: Expiring): string {
  const ms = `toUnixTimestamp64Milli(toDateTime64(${time}, 3, 'UTC'))`
  return `${project} IN {project_ids:Array(UUID)} AND ${time} < toDateTime64({latest:Int64} / 1000, 3, 'UTC')
  AND ${ms} < transform(toString(${project}), arrayMap(id -> toString(id), {project_ids:Array(UUID)}), {befores:Array(Int64)}, toInt64(0))`
}

function* bound(limits: readonly RetentionSelector[]): Generator<Record<string, unknown>> {
  for (let at = 0; at < limits.length; at += PROJECTS) {
    const part = limits.slice(at, at + PROJECTS)
    const befores = part.map(({ before }) => before)
    yield { project_ids: part.map(({ project_id }) => project_id), befores, latest: Math.max(...befores) }
  }
}

interface ExpiredRows {
  project: string
  month: string
  n: number
}

/** One mutation a table for all projects; months in which nothing stays are dropped instead. */
export async function purgeExpired(
  clients: Clients,
  limits: readonly RetentionSelector[],
): Promise<Map<string, RowCounts>> {
  const removed = new Map<string, Record<string, number>>()
  for (const params of bound(limits)) {
    const mutated: string[] = []
    for (const expiring of EXPIRING) {
      const rows = await ask<ExpiredRows>(
        clients,
        `SELECT toString(${expiring.project ?? 'project_id'}) AS project, _partition_id AS month, count() AS n FROM ${clients.db}.${expiring.table}
WHERE ${expired(expiring)} GROUP BY project, month`,
        params,
      )
      for (const { project, n } of rows) {
        const counts = removed.get(project) ?? {}
        removed.set(project, { ...counts, [expiring.table]: (counts[expiring.table] ?? 0) + n })
      }
      const dropped = expiring.monthly ? await dropWholeMonths(clients, expiring.table, rows) : new Set()
      if (rows.every(({ month }) => dropped.has(month))) continue
      await clients.writer.command({
        query: `ALTER TABLE ${clients.db}.${expiring.table} DELETE WHERE ${expired(expiring)} ${settingsClause({ mutations_sync: 0 })}`,
        query_params: params,
      })
      mutated.push(expiring.table)
    }
    if (mutated.length > 0) await waitForMutations(clients, mutated)
  }
  return removed
}

async function dropWholeMonths(
  clients: Clients,
  table: string,
  rows: readonly ExpiredRows[],
): Promise<Set<string>> {
  const gone = new Map<string, number>()
  for (const { month, n } of rows) gone.set(month, (gone.get(month) ?? 0) + n)
  if (gone.size === 0) return new Set()
  const totals = await ask<{ month: string; n: number }>(
    clients,
    `SELECT _partition_id AS month, count() AS n FROM ${clients.db}.${table}
WHERE _partition_id IN {months:Array(String)} GROUP BY month`,
    { months: [...gone.keys()] },
  )
  const whole = totals.filter(({ month, n }) => gone.get(month) === n && /^\d{6}$/.test(month))
  if (whole.length > 0) {
    await clients.writer.command({
      query: `ALTER TABLE ${clients.db}.${table} ${whole.map(({ month }) => `DROP PARTITION ID '${month}'`).join(', ')}`,
    })
  }
  return new Set(whole.map(({ month }) => month))
}

/** Rows past their limit by table, hidden ones too; tables without are left out. */
export async function countExpired(
  clients: Clients,
  limits: readonly RetentionSelector[],
): Promise<RowCounts> {
  const counts: Record<string, number> = {}
  for (const params of bound(limits)) {
    const found = await ask<{ name: string; n: number }>(
      clients,
      EXPIRING.map(
        (expiring) =>
          `SELECT '${expiring.table}' AS name, count() AS n FROM ${clients.db}.${expiring.table} WHERE ${expired(expiring)}`,
      ).join('\nUNION ALL\n'),
      params,
      true,
    )
    for (const { name, n } of found) if (n > 0) counts[name] = (counts[name] ?? 0) + n
  }
  return counts
}
