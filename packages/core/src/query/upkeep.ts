import type { OnDiagnostic } from '../diagnostics.js'
import type { ChangedQuarter, Day, EventStore } from '../ports/event-store.js'
import type { Project } from '../ports/key-store.js'
import { shift, startOf } from './calendar.js'

export interface UpkeepReport {
  /** Rows removed because another process had stored the same id in the same instant. */
  twins_removed: number
  /** Days that questions can now be answered for without counting events. */
  days_built: number
}

export interface Upkeep {
  /** Call when events were stored: upkeep follows by itself, until there is nothing left to do. */
  noteStored(): void
  /** One round now. Errors: `storage_unavailable`. */
  run(): Promise<UpkeepReport>
  /** Stops; waits for the round under way. */
  close(): Promise<void>
}

const EVERY_MS = 20_000
// Days that were not quiet yet in one round are seen again by the next ones.
const LOOK_BACK_MS = 300_000
const ROUNDS_AFTER_LAST_EVENT = 4

/**
 * What the event store needs from time to time, and no answer depends on. Starts a timer with the first stored event,
 * one that doesn't keep the process alive, and lets it run out when nothing comes any more.
 */
export function createUpkeep(deps: {
  store: EventStore
  findProject(id: string): Promise<Project | undefined>
  clock: () => number
  onDiagnostic: OnDiagnostic
}): Upkeep {
  const { store, clock } = deps
  let since = 0
  let roundsLeft = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<UpkeepReport> | undefined
  let closed = false

  function schedule(): void {
    if (closed || timer !== undefined || roundsLeft === 0) return
    timer = setTimeout(() => {
      timer = undefined
      roundsLeft -= 1
      run()
        .catch((error: unknown) => deps.onDiagnostic({ kind: 'upkeep_failed', level: 'error', error }))
        .finally(schedule)
    }, EVERY_MS)
    // Browsers and Workers hand out numbers, which can't be held back from keeping anything alive.
    if (typeof timer === 'object') timer.unref()
  }

  async function round(): Promise<UpkeepReport> {
    const started = clock()
    const twins_removed = await store.removeTwins()
    const changed = await store.changedSince(since)
    let days_built = 0
    for (const [projectId, quarters] of byProject(changed)) {
      const project = await deps.findProject(projectId)
      if (project === undefined) continue
      const days = endedDays(quarters, project.timezone, started)
      if (days.length > 0) days_built += await store.buildDays(projectId, days)
    }
    since = started - LOOK_BACK_MS
    return { twins_removed, days_built }
  }

  function run(): Promise<UpkeepReport> {
    running ??= round().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    noteStored() {
      roundsLeft = ROUNDS_AFTER_LAST_EVENT
      schedule()
    },
    run,
    async close() {
      closed = true
      clearTimeout(timer)
      await running?.catch(() => {})
    },
  }
}

function byProject(changed: readonly ChangedQuarter[]): Map<string, number[]> {
  const quarters = new Map<string, number[]>()
  for (const { project_id, quarter } of changed) {
    const list = quarters.get(project_id)
    if (list === undefined) quarters.set(project_id, [quarter])
    else list.push(quarter)
  }
  return quarters
}

/** Days of the zone that hold these quarters and are over; ascending. */
function endedDays(quarters: readonly number[], zone: string, now: number): Day[] {
  const days = new Map<number, Day>()
  let last: Day | undefined
  for (const quarter of quarters.toSorted((a, b) => a - b)) {
    if (last !== undefined && quarter < last.end) continue
    const start = startOf('day', quarter, zone)
    last = { start, end: shift('day', start, 1, zone) }
    if (last.end <= now) days.set(start, last)
  }
  return [...days.values()]
}
