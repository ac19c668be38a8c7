import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError, isAnalyticsError } from '../errors.js'
import type { ErasureStore, PersonSelector, PurgeReceipt, RowCounts, Trace } from '../ports/erasure-store.js'
import type { Job, KeyStore } from '../ports/key-store.js'
import type { Tombstones } from './tombstones.js'

export interface ErasureOptions {
  /** How long a process may go without hearing of a new erasure, milliseconds. */
  tombstoneTtlMs: number
  /** How long an event may be on its way once its writer has looked for erasures, milliseconds. */
  deliveryMs: number
  /** Rounds of erasure that may follow each other at once; erasures asked for later share a round. */
  roundsAtOnce: number
  /** How often another round may follow, milliseconds: each costs every table a delete, for one person or a thousand. */
  roundEveryMs: number
}

export interface ErasureRunner {
  /** There may be jobs to do: looks at once when `now`, else at its ease. */
  wake(now: boolean): void
  /** Stops; waits for the statement under way. What was not finished is taken up again by the next process. */
  close(): Promise<void>
}

const JOBS_A_ROUND = 1000
const PASSES = 10
/** A job that somebody else began is left to them for so long. */
const ABANDONED_MS = 900_000
const LOOK_EVERY_MS = 60_000
/** How long after its job the note of an erasure may come. */
const NOTE_MS = 300_000
const GATHER_MS = 20
const RETRY_MS = 5000
const LONGEST_RETRY_MS = 300_000

/** The process is closing; the jobs stay as they are. */
class Interrupted extends Error {}

/**
 * Does the jobs of forgetting in the background, all that wait in one round. Several processes may do the same job: each
 * step can be repeated, and a job is done when nothing of the person is left.
 */
export function createErasureRunner(deps: {
  store: ErasureStore
  keys: Pick<KeyStore, 'listJobs' | 'updateJob'>
  tombstones: Tombstones
  options: ErasureOptions
  clock: () => number
  /** Called after rows went. */
  onErased: () => void
  onDiagnostic: OnDiagnostic
}): ErasureRunner {
  const { store, keys, tombstones, options, clock } = deps
  const begun = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerMs = 0
  let lookedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined
  let failures = 0
  let rounds = { left: options.roundsAtOnce, at: clock() }
  let again = false
  let closed = false
  const interrupted = signal()

  function schedule(inMs: number): void {
    if (closed) return
    if (running !== undefined) {
      again = true
      return
    }
    if (timer !== undefined && inMs >= timerMs) return
    clearTimeout(timer)
    timerMs = inMs
    timer = unrefed(setTimeout(start, inMs))
  }

  function start(): void {
    timer = undefined
    running = look()
      .then(
        (next) => next,
        (error: unknown) => failed(error),
      )
      .then((next) => {
        running = undefined
        const soon = again ? GATHER_MS : next
        again = false
        if (soon !== undefined) schedule(soon)
      })
  }

  function failed(error: unknown): number | undefined {
    if (error instanceof Interrupted) return undefined
    failures += 1
    deps.onDiagnostic({ kind: 'erasure_failed', level: 'error', final: false, error })
    return Math.min(RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS)
  }

  /** Does what is due; resolves to the milliseconds after which to look again, or undefined for no reason to. */
  async function look(): Promise<number | undefined> {
    const open = (await keys.listJobs(null, ['queued', 'running'])).filter(({ kind }) => kind === 'forget')
    const first = lookedAt === Number.NEGATIVE_INFINITY
    lookedAt = clock()
    const due = open.filter(
      ({ id, state, created_at }) =>
        state === 'queued' || first || begun.has(id) || lookedAt - created_at > ABANDONED_MS,
    )
    if (due.length === 0) return open.length === 0 ? undefined : LOOK_EVERY_MS
    const wait = roundIn()
    if (wait > 0) return wait
    const round = due.slice(0, JOBS_A_ROUND)
    const traces = await store.tracesOf(round.map(({ id }) => id))
    const known = new Set(traces.map(({ erasure_id }) => erasure_id))
    const noted = round.filter(({ id }) => known.has(id))
    let ended = 0
    for (const job of round) if (!known.has(job.id) && (await closeWithoutNote(job))) ended += 1
    if (noted.length === 0) return ended > 0 ? GATHER_MS : LOOK_EVERY_MS
    rounds.left -= 1
    await doRound(noted, traces)
    failures = 0
    return GATHER_MS
  }

  /** Milliseconds until another round may begin. */
  function roundIn(): number {
    const { roundsAtOnce, roundEveryMs } = options
    const earned = Math.floor((lookedAt - rounds.at) / roundEveryMs)
    if (earned > 0)
      rounds = { left: Math.min(rounds.left + earned, roundsAtOnce), at: rounds.at + earned * roundEveryMs }
    return rounds.left > 0 ? 0 : rounds.at + roundEveryMs - lookedAt
  }

  async function doRound(jobs: readonly Job[], traces: readonly Trace[]): Promise<void> {
    for (const { id, project_id } of jobs) {
      begun.add(id)
      await keys.updateJob(project_id, id, { state: 'running' })
    }
    try {
      const receipt = await eraseUntilNothingIsLeft(jobs, traces)
      await settle(jobs, traces, receipt)
    } catch (error) {
      if (error instanceof Interrupted || mayPass(error)) throw error
      for (const job of jobs) await fail(job, reasonOf(error))
      deps.onDiagnostic({ kind: 'erasure_failed', level: 'error', final: true, error })
    }
  }

  /**
   * Nothing is noted: the erasure was proven just before a process ended, or the note never came. False while it may
   * still come.
   */
  async function closeWithoutNote(job: Job): Promise<boolean> {
    const record = (await store.erasureRecords(job.project_id)).find(({ id }) => id === job.id)
    if (record !== undefined) {
      const { removed: counts, verified_at } = record
      await keys.updateJob(job.project_id, job.id, {
        state: 'done',
        counts,
        finished_at: clock(),
        verified_at,
      })
      begun.delete(job.id)
      return true
    }
    if (lookedAt - job.created_at < NOTE_MS) return false
    await fail(job, 'What was to be erased is not known here; ask again.')
    return true
  }

  async function eraseUntilNothingIsLeft(
    jobs: readonly Job[],
    first: readonly Trace[],
  ): Promise<PurgeReceipt> {
    const ids = jobs.map(({ id }) => id)
    const selectors = jobs.map(
      ({ id, project_id }): PersonSelector => ({ kind: 'person', erasure_id: id, project_id }),
    )
    let traces = first
    let guarded = 0
    let guardedAt = 0
    const removed = new Map<string, RowCounts>()
    for (let pass = 0; pass < PASSES; pass++) {
      if (traces.length > guarded) {
        await tombstones.add(traces)
        guarded = traces.length
        guardedAt = clock()
      }
      for (const [id, counts] of await store.purge(selectors))
        removed.set(id, larger(removed.get(id), counts))
      deps.onErased()
      // Only now has every writer seen the tombstones, and every event that was on its way arrived.
      await pause(guardedAt + options.tombstoneTtlMs + options.deliveryMs - clock())
      const left = await store.survivors(selectors)
      traces = await store.tracesOf(ids)
      if (Object.keys(left).length === 0 && traces.length <= guarded) return removed
    }
    throw new AnalyticsError('storage_unavailable', `Something is still left after ${PASSES} deletes.`)
  }

  async function settle(
    jobs: readonly Job[],
    traces: readonly Trace[],
    receipt: PurgeReceipt,
  ): Promise<void> {
    const verified_at = clock()
    const users = new Set(traces.filter(({ kind }) => kind === 'user').map(({ erasure_id }) => erasure_id))
    await store.settleErasures(
      jobs.map(({ id, project_id, created_at }) => ({
        id,
        project_id,
        subject: users.has(id) ? 'user' : 'anonymous',
        requested_at: created_at,
        verified_at,
        removed: receipt.get(id) ?? {},
      })),
    )
    for (const { id, project_id } of jobs) {
      const counts = receipt.get(id) ?? { events: 0 }
      await keys.updateJob(project_id, id, { state: 'done', counts, finished_at: clock(), verified_at })
      begun.delete(id)
    }
  }

  async function fail({ id, project_id }: Job, error: string): Promise<void> {
    await keys.updateJob(project_id, id, { state: 'failed', finished_at: clock(), error })
    begun.delete(id)
  }

  async function pause(ms: number): Promise<void> {
    if (closed) throw new Interrupted()
    if (ms <= 0) return
    let sleeping: ReturnType<typeof setTimeout> | undefined
    const slept = new Promise<void>((resolve) => {
      sleeping = unrefed(setTimeout(resolve, ms))
    })
    await Promise.race([slept, interrupted.fired])
    clearTimeout(sleeping)
    if (closed) throw new Interrupted()
  }

  return {
    wake(now) {
      if (now) schedule(GATHER_MS)
      else if (lookedAt + LOOK_EVERY_MS <= clock()) schedule(LOOK_EVERY_MS / 12)
    },
    async close() {
      closed = true
      clearTimeout(timer)
      interrupted.fire()
      await running
    },
  }
}

/** Stores count what was removed so far, but for rows that they can count only while they are there. */
function larger(before: RowCounts | undefined, now: RowCounts): RowCounts {
  const counts: Record<string, number> = { ...before }
  for (const [table, count] of Object.entries(now)) counts[table] = Math.max(count, counts[table] ?? 0)
  return counts
}

/** Trying again may help. */
function mayPass(error: unknown): boolean {
  return isAnalyticsError(error) && (error.code === 'storage_unavailable' || error.code === 'shutting_down')
}

/** Errors of a driver may quote a value. */
function reasonOf(error: unknown): string {
  return isAnalyticsError(error) ? error.message : 'The event store refused; onDiagnostic has the reason.'
}

function signal(): { fired: Promise<void>; fire(): void } {
  let fire = (): void => {}
  const fired = new Promise<void>((resolve) => {
    fire = resolve
  })
  return { fired, fire: () => fire() }
}

// Browsers and Workers hand out numbers, which can't be held back from keeping anything alive.
function unrefed(timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  if (typeof timer === 'object') timer.unref()
  return timer
}
