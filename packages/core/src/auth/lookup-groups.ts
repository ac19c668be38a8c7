import { AnalyticsError } from '../errors.js'
import { ANSWER_MS } from '../time.js'

/** Keys that are loaded together, with one promise and one deadline for all who wait. */
export interface Group<V> {
  /** Rejects when the load fails or takes too long. */
  readonly values: Promise<ReadonlyMap<string, V>>
}

export interface Groups<V> {
  /**
   * The group that this key is in, or now joins; undefined when too many wait. Keys that are known to exist always
   * find room.
   */
  join(key: string, known: boolean): Group<V> | undefined
  /** When the last load began. */
  startedAt(): number
  /** The next to ask for this key begins anew. */
  leave(key: string): void
  leaveAll(): void
}

interface OpenGroup<V> extends Group<V> {
  readonly keys: string[]
  /** Those that nobody knows to exist. */
  unknown: number
  ended: boolean
  resolve(values: ReadonlyMap<string, V>): void
  reject(error: unknown): void
}

const MOST_UNKNOWN = 1_000
// A store that hangs must not be given more and more to do.
const LOADS_AT_ONCE = 8

/**
 * Loads keys at once while there is peace, and together, at most every `pauseMs`, when many come. So a flood of bogus
 * keys costs few statements, and an unknown good key in it a moment. More than 1,000 unknown keys don't wait.
 */
export function createGroups<V>(options: {
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>
  clock: () => number
  pauseMs: number
  openingMs: number | undefined
  onFailure: (error: unknown) => void
}): Groups<V> {
  const { load, clock, pauseMs, openingMs = ANSWER_MS, onFailure } = options
  const joined = new Map<string, OpenGroup<V>>()
  let waiting: OpenGroup<V> | undefined
  let loading = 0
  let unknown = 0
  let startedAt = Number.NEGATIVE_INFINITY
  let planned = false
  let opened = false

  function open(): OpenGroup<V> {
    let resolve = (_values: ReadonlyMap<string, V>): void => {}
    let reject = (_error: unknown): void => {}
    const values = new Promise<ReadonlyMap<string, V>>((done, failed) => {
      resolve = done
      reject = failed
    })
    // There may be nobody who waits.
    values.catch(() => {})
    const group: OpenGroup<V> = { keys: [], unknown: 0, ended: false, values, resolve, reject }
    const late = setTimeout(() => end(group, undefined), opened ? ANSWER_MS : openingMs)
    values.then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    )
    return group
  }

  function plan(): void {
    if (planned || waiting === undefined || loading >= LOADS_AT_ONCE) return
    const since = clock() - startedAt
    if (since < 0 || since >= pauseMs) {
      start()
      return
    }
    planned = true
    setTimeout(() => {
      planned = false
      start()
    }, pauseMs - since)
  }

  function start(): void {
    const group = waiting
    if (group === undefined) return
    waiting = undefined
    loading++
    startedAt = clock()
    load(group.keys).then(
      (values) => {
        opened = true
        end(group, { values })
      },
      (error: unknown) => end(group, { error }),
    )
  }

  /** Once; `undefined` when it took too long, and what it finds later is of no use to those who waited. */
  function end(
    group: OpenGroup<V>,
    outcome: { values: ReadonlyMap<string, V> } | { error: unknown } | undefined,
  ): void {
    if (group.ended) return
    group.ended = true
    if (group === waiting) waiting = undefined
    else loading--
    unknown -= group.unknown
    for (const key of group.keys) if (joined.get(key) === group) joined.delete(key)
    if (outcome !== undefined && 'values' in outcome) group.resolve(outcome.values)
    else {
      const error = outcome === undefined ? unavailable() : outcome.error
      onFailure(error)
      group.reject(error)
    }
    plan()
  }

  return {
    join(key, known) {
      const under = joined.get(key)
      if (under !== undefined) return under
      if (!known && unknown >= MOST_UNKNOWN) return undefined
      waiting ??= open()
      const group = waiting
      group.keys.push(key)
      joined.set(key, group)
      if (!known) {
        group.unknown++
        unknown++
      }
      plan()
      return group
    },
    startedAt: () => startedAt,
    leave: (key) => void joined.delete(key),
    leaveAll: () => joined.clear(),
  }
}

function unavailable(): AnalyticsError {
  return new AnalyticsError('storage_unavailable', 'The key store did not answer in time.', { retryAfter: 2 })
}
