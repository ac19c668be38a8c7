import { randomUuid } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError } from '../errors.js'
import type { KeyStore, Project, UsageRow } from '../ports/key-store.js'
import { atMostEvery, withDeadline } from '../time.js'

/** What a plan allows; plans are named by the `plan` of a project. */
export interface Plan {
  /** Stored events whose timestamp lies in one month (UTC); null or absent = any number. */
  readonly eventsPerMonth?: number | null | undefined
}

export type Plans = Readonly<Record<string, Plan>>

export interface UsageMeter {
  /** Counts events by the month of their times, in memory; written in batches. Never throws. */
  add(projectId: string, times: readonly number[]): void
  /**
   * Rejects with 429 `quota_exceeded` when the plan's events of one of the months are used up. A meter that can't be read
   * in half a second allows everything.
   */
  requireQuota(project: Project, times: readonly number[]): Promise<void>
  /** Events a month that the plan of a project allows; null = any number. */
  quotaOf(project: Project): number | null
  /** Writes what was counted. Never rejects, nor waits long: what could not be written stays counted. */
  flush(): Promise<void>
  /** The last flush: nothing is tried again after it. */
  close(): Promise<void>
}

/** Rows under the name of their write; both stay as they are until the write is known to have happened. */
interface Write {
  readonly id: string
  readonly rows: ReadonlyMap<string, UsageRow>
}

const FLUSH_MS = 10_000
const WRITE_MS = 5_000
const KNOWN_MS = 10_000
const QUOTA_MS = 250
const REPORT_MS = 60_000
const PROJECTS = 10_000
const NOTHING: ReadonlyMap<string, number> = new Map()

/**
 * Meters stored events per project and month of the event's timestamp (UTC): the same number that counting the
 * events of that month gives, so a meter that a crash cut short can be counted again. A timer covers the idle
 * process; where timers die with their request, the next event writes. A write that failed may have happened, so it
 * is sent again as it was, before anything else.
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
  let unsure: Write | undefined
  let writing: Promise<void> | undefined
  /** Ends with the write under way, or when that takes too long for those who ask for a quota. */
  let patience: Promise<void> | undefined
  let blindUntil = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  let waitingSince: number | undefined
  let closed = false
  const report = atMostEvery(REPORT_MS, clock, (operation: 'addUsage' | 'usage', error: unknown) => {
    onDiagnostic({ kind: 'key_store_failed', level: 'error', operation, error })
  })

  function count(projectId: string, month: string, events: number): void {
    const name = `${projectId}/${month}`
    pending.set(name, { project_id: projectId, month, events: (pending.get(name)?.events ?? 0) + events })
  }

  function schedule(): void {
    if (closed) return
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
    if (unsure === undefined && pending.size === 0) return
    writing = write().finally(() => {
      writing = undefined
    })
    patience = withDeadline(QUOTA_MS, writing, '').catch(() => {})
    await writing
  }

  async function write(): Promise<void> {
    try {
      if (unsure !== undefined) await send(unsure)
      if (pending.size === 0) return
      const next = { id: randomUuid(), rows: new Map(pending) }
      pending.clear()
      await send(next)
    } catch (error) {
      report('addUsage', error)
      schedule()
    }
  }

  async function send(next: Write): Promise<void> {
    unsure = next
    const rows = [...next.rows.values()]
    await withDeadline(WRITE_MS, keys.addUsage(next.id, rows), 'The meter took too long to write.')
    unsure = undefined
    for (const { project_id } of rows) known.delete(project_id)
  }

  /** Written events by month, up to 10 seconds old; a store that fails allows everything. */
  function written(projectId: string): Promise<ReadonlyMap<string, number>> | ReadonlyMap<string, number> {
    const now = clock()
    const held = known.get(projectId)
    if (held !== undefined && now >= held.at && now - held.at < KNOWN_MS) return held.months
    if (now < blindUntil) return NOTHING
    const months = withDeadline(QUOTA_MS, keys.usage([projectId]), 'The meter took too long to read.').then(
      (rows) => new Map(rows.map(({ month, events }) => [month, events])),
      (error: unknown) => {
        blindUntil = clock() + KNOWN_MS
        report('usage', error)
        return NOTHING
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
      for (const [month, events] of byMonth(times)) count(projectId, month, events)
      schedule()
    },
    async requireQuota(project, times) {
      const quota = quotaOf(project)
      if (quota === null || times.length === 0) return
      // What is being written would be in both numbers for a moment.
      if (writing !== undefined) await patience
      const months = await written(project.id)
      for (const month of byMonth(times).keys()) {
        const name = `${project.id}/${month}`
        const counted = (unsure?.rows.get(name)?.events ?? 0) + (pending.get(name)?.events ?? 0)
        const used = (months.get(month) ?? 0) + counted
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
    async close() {
      closed = true
      await flush()
    },
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
