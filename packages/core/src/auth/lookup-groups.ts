import { AnalyticsError } from '../errors.js'
import { ANSWER_MS } from '../time.js'

/** Some of the keys that are loaded together, with one promise for all who wait for one of them. */
export interface Slice<V> {
  /** Rejects when the load fails or takes too long. */
  readonly values: Promise<ReadonlyMap<string, V>>
}

export interface LookupGroups<V> {
  /**
   * What this key waits in; undefined when too many wait. Keys that are known to exist always find room, and are
   * answered before the others.
   */
  join(key: string, known: boolean): Slice<V> | undefined
  /** When the last load began. */
  startedAt(): number
  /** The next to ask for this key begins anew. */
  leave(key: string): void
  leaveAll(): void
}

interface OpenSlice<V> extends Slice<V> {
  readonly keys: string[]
  resolve(values: ReadonlyMap<string, V>): void
  reject(error: unknown): void
}

interface Group<V> {
  readonly known: OpenSlice<V>
  readonly unknown: OpenSlice<V>[]
  readonly late: ReturnType<typeof setTimeout>
  ended: boolean
}

type Outcome<V> = { readonly values: ReadonlyMap<string, V> } | { readonly error: unknown }

const MOST_UNKNOWN = 1_000
// A store that hangs must not be given more and more to do.
const LOADS_AT_ONCE = 8
// So many are refused in one turn of the event loop, so that a flood leaves good requests their turns.
const SLICE = 16

/**
 * Loads keys at once while there is peace, and together, at most every `pauseMs`, when many come. So a flood of bogus
 * keys costs few statements, and an unknown good key in it a moment. More than 1,000 unknown keys don't wait.
 */
export function createLookupGroups<V>(options: {
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>
  clock: () => number
  pauseMs: number
  openingMs: number | undefined
  onFailure: (error: unknown) => void
}): LookupGroups<V> {
  const { load, clock, pauseMs, openingMs = ANSWER_MS, onFailure } = options
  const joined = new Map<string, OpenSlice<V>>()
  const ended: { slice: OpenSlice<V>; outcome: Outcome<V> }[] = []
  let waiting: Group<V> | undefined
  let loading = 0
  let unknown = 0
  let startedAt = Number.NEGATIVE_INFINITY
  let planned = false
  let opened = false

  function open(): Group<V> {
    const group: Group<V> = {
      known: openSlice(),
      unknown: [],
      late: setTimeout(() => end(group, { error: tooLate() }), opened ? ANSWER_MS : openingMs),
      ended: false,
    }
    return group
  }

  function sliceOf(group: Group<V>, known: boolean): OpenSlice<V> {
    if (known) return group.known
    unknown++
    const last = group.unknown.at(-1)
    if (last !== undefined && last.keys.length < SLICE) return last
    const next = openSlice<V>()
    group.unknown.push(next)
    return next
  }

  function plan(): void {
    if (planned || waiting === undefined || loading >= LOADS_AT_ONCE) return
    const since = clock() - startedAt
    if (since < 0 || since >= pauseMs) {
      start(waiting)
      return
    }
    planned = true
    setTimeout(() => {
      planned = false
      if (waiting !== undefined) start(waiting)
    }, pauseMs - since)
  }

  function start(group: Group<V>): void {
    waiting = undefined
    loading++
    startedAt = clock()
    load([group.known, ...group.unknown].flatMap(({ keys }) => keys)).then(
      (values) => {
        opened = true
        end(group, { values })
      },
      (error: unknown) => end(group, { error }),
    )
  }

  /** What is found after it took too long is of no use to those who waited. */
  function end(group: Group<V>, outcome: Outcome<V>): void {
    if (group.ended) return
    group.ended = true
    clearTimeout(group.late)
    if (group === waiting) waiting = undefined
    else loading--
    if ('error' in outcome) onFailure(outcome.error)
    settle(group.known, outcome)
    ended.push(...group.unknown.map((slice) => ({ slice, outcome })))
    if (ended.length === group.unknown.length) settleNext()
    plan()
  }

  function settleNext(): void {
    const next = ended[0]
    if (next === undefined) return
    unknown -= next.slice.keys.length
    settle(next.slice, next.outcome)
    setTimeout(() => {
      ended.shift()
      settleNext()
    }, 0)
  }

  function settle(slice: OpenSlice<V>, outcome: Outcome<V>): void {
    for (const key of slice.keys) if (joined.get(key) === slice) joined.delete(key)
    if ('error' in outcome) slice.reject(outcome.error)
    else slice.resolve(outcome.values)
  }

  return {
    join(key, known) {
      const under = joined.get(key)
      if (under !== undefined) return under
      if (!known && unknown >= MOST_UNKNOWN) return undefined
      waiting ??= open()
      const slice = sliceOf(waiting, known)
      slice.keys.push(key)
      joined.set(key, slice)
      plan()
      return slice
    },
    startedAt: () => startedAt,
    leave: (key) => void joined.delete(key),
    leaveAll: () => joined.clear(),
  }
}

function openSlice<V>(): OpenSlice<V> {
  let resolve = (_values: ReadonlyMap<string, V>): void => {}
  let reject = (_error: unknown): void => {}
  const values = new Promise<ReadonlyMap<string, V>>((done, failed) => {
    resolve = done
    reject = failed
  })
  // There may be nobody who waits.
  values.catch(() => {})
  return { keys: [], values, resolve, reject }
}

function tooLate(): AnalyticsError {
  return new AnalyticsError('storage_unavailable', 'The key store did not answer in time.', { retryAfter: 2 })
}
