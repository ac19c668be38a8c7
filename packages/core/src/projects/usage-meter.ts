import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError } from '../errors.js'
import type { KeyStore, Project, UsageRow } from '../ports/key-store.js'

/** What a plan allows; plans are named by the `plan` of a project. */
export interface Plan {
  /** Stored events whose timestamp lies in one month (UTC); null or absent = any number. */
  readonly eventsPerMonth?: number | null | undefined
}

export type Plans = Readonly<Record<string, Plan>>

export interface UsageMeter {
  /** Counts events by the month of their times, in memory; written in batches. Never throws. */
  add(projectId: string, times: readonly number[]): void
  /** Rejects with 429 `quota_exceeded` when the plan's events of one of the months are used up. */
  requireQuota(project: Project, times: readonly number[]): Promise<void>
  /** Events a month that the plan of a project allows; null = any number. */
  quotaOf(project: Project): number | null
  /** Writes what was counted. Never rejects: what could not be written stays counted. */
  flush(): Promise<void>
}

const FLUSH_MS = 10_000
const KNOWN_MS = 10_000
const PROJECTS = 10_000

/**
 * Meters stored events per project and month of the event's timestamp (UTC): the same number that counting the
 * events of that month gives, so a meter that a crash cut short can be counted again. A timer covers the idle
 * process; where timers die with their request, the next event writes.
 */
export function createUsageMeter(options: {
  keys: KeyStore
  plans: Plans
  clock: () => number
  onDiagnostic: OnDiagnostic
}): UsageMeter {
  const { keys, plans, clock, onDiagnostic } = options
  const pending = new Map<string, UsageRow>()
  const known = new Map<string, { at: number; months: Promise<ReadonlyMap<string, number>> }>()
  let writing: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let waitingSince: number | undefined

  function count(rows: readonly UsageRow[]): void {
    for (const { project_id, month, events } of rows) {
      const name = `${project_id}/${month}`
      pending.set(name, { project_id, month, events: (pending.get(name)?.events ?? 0) + events })
    }
  }

  function schedule(): void {
    const now = clock()
    if (waitingSince === undefined) {
      waitingSince = now
      timer = setTimeout(flush, FLUSH_MS)
      if (typeof timer === 'object') timer.unref()
    } else if (now - waitingSince >= FLUSH_MS) void flush()
  }

  async function flush(): Promise<void> {
    clearTimeout(timer)
    waitingSince = undefined
    while (writing !== undefined) await writing
    if (pending.size === 0) return
    writing = write().finally(() => {
      writing = undefined
    })
    await writing
  }

  async function write(): Promise<void> {
    const rows = [...pending.values()]
    pending.clear()
    try {
      await keys.addUsage(rows)
      for (const { project_id } of rows) known.delete(project_id)
    } catch (error) {
      count(rows)
      onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'addUsage', error })
    }
  }

  /** Written events by month, up to 10 seconds old; a store that fails allows everything. */
  function written(projectId: string): Promise<ReadonlyMap<string, number>> {
    const now = clock()
    const held = known.get(projectId)
    if (held !== undefined && now >= held.at && now - held.at < KNOWN_MS) return held.months
    const months = keys.usage(projectId).then(
      (rows) => new Map(rows.map(({ month, events }) => [month, events])),
      (error: unknown) => {
        onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'usage', error })
        return new Map<string, number>()
      },
    )
    if (known.size >= PROJECTS) known.clear()
    known.set(projectId, { at: now, months })
    return months
  }

  function quotaOf({ plan }: Project): number | null {
    return Object.hasOwn(plans, plan) ? (plans[plan]?.eventsPerMonth ?? null) : null
  }

  return {
    add(projectId, times) {
      if (times.length === 0) return
      count([...byMonth(times)].map(([month, events]) => ({ project_id: projectId, month, events })))
      schedule()
    },
    async requireQuota(project, times) {
      const quota = quotaOf(project)
      if (quota === null || times.length === 0) return
      // A write under way is in neither number yet.
      await writing
      const months = await written(project.id)
      for (const month of byMonth(times).keys()) {
        const used = (months.get(month) ?? 0) + (pending.get(`${project.id}/${month}`)?.events ?? 0)
        if (used < quota) continue
        throw new AnalyticsError(
          'quota_exceeded',
          `The plan "${project.plan}" allows ${quota} events a month, and ${month} has used them up.`,
          {
            details: { plan: project.plan, month, events_per_month: quota },
            retryAfter: secondsToNextMonth(clock()),
          },
        )
      }
    },
    quotaOf,
    flush,
  }
}

/** `YYYY-MM`, UTC. */
export function utcMonth(time: number): string {
  return new Date(time).toISOString().slice(0, 7)
}

/** How many of the times lie in each month. A batch holds few months, and writing one as text is what costs. */
function byMonth(times: readonly number[]): Map<string, number> {
  const counts = new Map<number, number>()
  for (const time of times) {
    const date = new Date(time)
    const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
    counts.set(month, (counts.get(month) ?? 0) + 1)
  }
  return new Map([...counts].map(([month, count]) => [utcMonth(month), count]))
}

function secondsToNextMonth(now: number): number {
  const date = new Date(now)
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
  return Math.max(1, Math.ceil((next - now) / 1000))
}
