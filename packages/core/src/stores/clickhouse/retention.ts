import type { RetentionSelector, RowCounts } from '../../ports/erasure-store.js'
import { settingsClause } from './client.js'
import { waitForMutations } from './mutations.js'
import { ask, type Clients } from './upkeep-clients.js'

interface Expiring {
  readonly table: string
  /** Says how old a row is. */
  readonly time: string
  /** Where the project is not the column `project_id` of type UUID. */
  readonly project?: string
}

/** Every table with rows of a time. A rollup day goes with its first moment: it answers only for whole days. */
export const EXPIRING: readonly Expiring[] = [
  { table: 'rollup_days', time: 'day_start' },
  { table: 'daily_rollup', time: 'day_start' },
  { table: 'identity_links', time: 'timestamp' },
  { table: 'event_ids', time: 'timestamp' },
  { table: 'events', time: 'timestamp' },
  { table: 'marks', time: 'quarter' },
  { table: 'tombstones', time: 'until' },
  {
    table: 'quarantine',
    // Its time may be what was wrong with it.
    time: "if(timestamp = toDateTime64(0, 3, 'UTC'), quarantined_at, timestamp)",
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

/** Rows that go, of one project or of one part of the table; the other name is empty. */
interface ExpiredRows {
  project: string
  part: string
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
      const { table, project = 'project_id' } = expiring
      const rows = await ask<ExpiredRows>(
        clients,
        `SELECT toString(${project}) AS project, toString(_part) AS part, count() AS n FROM ${clients.db}.${table}
WHERE ${expired(expiring)} GROUP BY GROUPING SETS ((project), (part))`,
        params,
      )
      for (const { project: id, n } of rows.filter(({ part }) => part === '')) {
        const counts = removed.get(id) ?? {}
        removed.set(id, { ...counts, [table]: (counts[table] ?? 0) + n })
      }
      const parts = new Map(rows.filter(({ part }) => part !== '').map(({ part, n }) => [part, n]))
      if (parts.size === 0 || (await dropWholeMonths(clients, table, parts))) continue
      await clients.writer.command({
        query: `ALTER TABLE ${clients.db}.${table} DELETE WHERE ${expired(expiring)} ${settingsClause({ mutations_sync: 0 })}`,
        query_params: params,
      })
      mutated.push(table)
    }
    if (mutated.length > 0) await waitForMutations(clients, mutated)
  }
  return removed
}

/**
 * Drops months that hold nothing but the rows counted, by the parts that were seen; true when those were all. A part never
 * changes, so that what comes meanwhile stays: it is in another one. Where parts were merged since, nothing is dropped.
 */
async function dropWholeMonths(
  clients: Clients,
  table: string,
  gone: ReadonlyMap<string, number>,
): Promise<boolean> {
  // Other shards have other parts of the same names.
  if (clients.sharded) return false
  const totals = await ask<{ part: string; n: number }>(
    clients,
    `SELECT toString(_part) AS part, count() AS n FROM ${clients.db}.${table}
WHERE _partition_id IN {months:Array(String)} GROUP BY part`,
    { months: [...new Set([...gone.keys()].map(monthOf))] },
  )
  const mixed = new Set(totals.filter(({ part, n }) => gone.get(part) !== n).map(({ part }) => monthOf(part)))
  const whole = [...gone.keys()].filter((part) => /^\d{6}_\w+$/.test(part) && !mixed.has(monthOf(part)))
  if (whole.length === 0) return false
  try {
    await clients.writer.command({
      query: `ALTER TABLE ${clients.db}.${table} ${whole.map((part) => `DROP PART '${part}'`).join(', ')}`,
    })
  } catch {
    return false
  }
  return whole.length === gone.size
}

/** The names of parts begin with that of their partition. */
function monthOf(part: string): string {
  return part.slice(0, part.indexOf('_'))
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
