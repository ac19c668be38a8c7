import { invalidField } from '../auth/input-field.js'
import type { KeyStore, Project, UsageRow } from '../ports/key-store.js'
import type { QueryDeps } from '../query/events.js'
import { queryStats } from '../query/stats.js'
import { DAY_MS } from '../time.js'
import type { UsageMeter } from './usage-meter.js'

/** What a project has used. */
export interface ProjectUsage {
  readonly project_id: string
  readonly plan: string
  /** What the plan allows; null = any number. */
  readonly events_per_month: number | null
  /** Stored events by month (`YYYY-MM`, UTC) of their timestamp, ascending. */
  readonly months: readonly { readonly month: string; readonly events: number }[]
}

export interface UsageDeps {
  keys: KeyStore
  meter: UsageMeter
  queryDeps: QueryDeps
}

/** The meter of a project, with what this process has counted so far. Error: `storage_unavailable`. */
export async function readUsage({ keys, meter }: UsageDeps, project: Project): Promise<ProjectUsage> {
  await meter.flush()
  return usageOf(meter, project, await keys.usage([project.id]))
}

/** The meters of many projects, asked for together. Error: `storage_unavailable`. */
export async function readUsages(
  { keys, meter }: UsageDeps,
  projects: readonly Project[],
): Promise<ProjectUsage[]> {
  await meter.flush()
  const rows = new Map(projects.map(({ id }): [string, UsageRow[]] => [id, []]))
  for (const row of await keys.usage([...rows.keys()])) rows.get(row.project_id)?.push(row)
  return projects.map((project) => usageOf(meter, project, rows.get(project.id) ?? []))
}

function usageOf(meter: UsageMeter, project: Project, rows: readonly UsageRow[]): ProjectUsage {
  return {
    project_id: project.id,
    plan: project.plan,
    events_per_month: meter.quotaOf(project),
    months: rows.map(({ month, events }) => ({ month, events })),
  }
}

/**
 * Counts a month (`YYYY-MM`) again from its events and puts the meter to that number: after a crash, which loses
 * up to 10 seconds of counting. Run it while the month takes no events, or call it again after. Errors:
 * `invalid_params` for a month that is none, or whose events are partly older than the project keeps them.
 */
export async function recountUsage(
  { keys, meter, queryDeps }: UsageDeps,
  project: Project,
  month: string,
): Promise<ProjectUsage> {
  const from = /^\d{4}-(?:0[1-9]|1[0-2])$/.test(month) ? Date.parse(`${month}-01T00:00:00Z`) : Number.NaN
  if (Number.isNaN(from)) throw invalidField('month', 'must be a month such as 2026-05.')
  const start = new Date(from)
  const to = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1)
  const { retention_days } = project
  if (retention_days !== null && from < queryDeps.clock() - retention_days * DAY_MS) {
    throw invalidField('month', 'began before what the project keeps; its events are partly gone.')
  }
  await meter.flush()
  const { rows } = await queryStats(
    queryDeps,
    { kind: 'process', project },
    {
      metric: 'count',
      from: start.toISOString(),
      to: new Date(to).toISOString(),
      timezone: 'UTC',
      include_bots: true,
    },
  )
  await keys.setUsage({ project_id: project.id, month, events: Number(rows[0]?.value ?? 0) })
  return await readUsage({ keys, meter, queryDeps }, project)
}
