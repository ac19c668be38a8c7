import { hmacSha256Hex, sha256Hex } from '#crypto'
import type { ErasureStore, Tombstone, Trace } from '../ports/erasure-store.js'
import type { StoredEvent } from '../ports/event-store.js'
import type { KeyStore } from '../ports/key-store.js'

/** What keeps erased people from coming back with late events. */
export interface Tombstones {
  /** Sets one for each trace; this process heeds them at once, others within `ttlMs`. */
  add(traces: readonly Trace[]): Promise<void>
  /** Those of the events that belong to somebody erased since, and by what; rejects when the store can't say. */
  erased(events: readonly StoredEvent[]): Promise<ReadonlyMap<StoredEvent, ErasedTrace>>
}

export type ErasedTrace = Omit<Trace, 'erasure_id'>

type TraceIds = Pick<Trace, 'kind' | 'user_id' | 'anonymous_id'>

/** Until when events are refused, by hash, for each pepper; null when the project has no tombstone. */
type Untils = ReadonlyMap<string, ReadonlyMap<string, number>> | null

interface Held {
  /** Epoch milliseconds at which the store was asked. */
  readonly askedAt: number
  readonly untils: Promise<Untils>
  /** The next answer, asked for before this one is too old. */
  next: Held | undefined
}

const PROJECTS = 10_000

/**
 * Tombstones hold keyed hashes, so that the list of the erased is no list of people. The key is the pepper of the key
 * store: it lies outside of the database, and each tombstone says which one it was.
 */
export function createTombstones(deps: {
  store: Pick<ErasureStore, 'addTombstones' | 'tombstones'>
  keys: Pick<KeyStore, 'peppers'>
  clock: () => number
  /** How long a process may go without hearing of a new one, milliseconds. */
  ttlMs: number
}): Tombstones {
  const { store, clock } = deps
  const held = new Map<string, Held>()
  let keysById: Promise<readonly { id: string; key: string }[]> | undefined

  async function hashKeys(): Promise<readonly { id: string; key: string }[]> {
    keysById ??= loadKeys().catch((error: unknown) => {
      keysById = undefined
      throw error
    })
    return await keysById
  }

  async function loadKeys(): Promise<readonly { id: string; key: string }[]> {
    const peppers = await deps.keys.peppers()
    return await Promise.all(
      peppers.map(async ({ id, value }) => ({ id, key: await sha256Hex(`tombstones\n${value}`) })),
    )
  }

  /** Asks anew after half of its time, so that events hardly ever wait for it. */
  function ofProject(projectId: string): Promise<Untils> {
    const now = clock()
    let known = held.get(projectId)
    const age = known === undefined ? deps.ttlMs : now - known.askedAt
    if (known === undefined || (age >= deps.ttlMs / 2 && known.next === undefined)) {
      const fresh = ask(projectId, now)
      if (known === undefined) known = fresh
      else known.next = fresh
    }
    return age < deps.ttlMs || known.next === undefined ? known.untils : known.next.untils
  }

  function ask(projectId: string, now: number): Held {
    if (held.size >= PROJECTS) held.clear()
    const before = held.get(projectId)
    const fresh: Held = { askedAt: now, untils: load(projectId), next: undefined }
    if (before === undefined) held.set(projectId, fresh)
    fresh.untils.then(
      () => {
        // Unless a tombstone was added here meanwhile.
        if (before !== undefined && held.get(projectId) === before) held.set(projectId, fresh)
      },
      () => {
        if (held.get(projectId) === fresh) held.delete(projectId)
        if (before?.next === fresh) before.next = undefined
      },
    )
    return fresh
  }

  async function load(projectId: string): Promise<Untils> {
    const list = await store.tombstones(projectId)
    if (list.length === 0) return null
    const peppers = new Map<string, Map<string, number>>()
    for (const { pepper_id, hash, until } of list) {
      const hashes = peppers.get(pepper_id) ?? new Map<string, number>()
      peppers.set(pepper_id, hashes.set(hash, Math.max(until, hashes.get(hash) ?? 0)))
    }
    return peppers
  }

  return {
    async add(traces) {
      const [newest] = await hashKeys()
      if (newest === undefined || traces.length === 0) return
      const tombstones: Tombstone[] = []
      for (const trace of traces) {
        const { project_id, until } = trace
        const hash = await hashTrace(newest.key, project_id, trace)
        tombstones.push({ project_id, hash, pepper_id: newest.id, until })
      }
      await store.addTombstones(tombstones)
      for (const { project_id } of traces) held.delete(project_id)
    },

    async erased(events) {
      const gone = new Map<StoredEvent, ErasedTrace>()
      const hashes = new Map<string, string>()
      const projects = new Map<string, Untils>()
      for (const event of events) {
        const { project_id } = event
        const asked = projects.get(project_id)
        const peppers = asked === undefined ? await ofProject(project_id) : asked
        if (asked === undefined) projects.set(project_id, peppers)
        if (peppers === null) continue
        for (const { id, key } of await hashKeys()) {
          const untils = peppers.get(id)
          if (untils === undefined) continue
          for (const trace of tracesOf(event)) {
            // A batch names few people many times.
            const name = JSON.stringify([id, project_id, trace])
            const hash = hashes.get(name) ?? (await hashTrace(key, project_id, trace))
            hashes.set(name, hash)
            const until = untils.get(hash)
            // Received before it and still on its way, an event may carry the time of a clock that is ahead.
            if (until !== undefined && Math.min(event.timestamp, event.received_at) <= until)
              gone.set(event, { project_id, until, ...trace })
          }
        }
      }
      return gone
    },
  }
}

function tracesOf({ user_id, anonymous_id }: StoredEvent): TraceIds[] {
  if (user_id === '') return [{ kind: 'anonymous', user_id, anonymous_id }]
  const user: TraceIds = { kind: 'user', user_id, anonymous_id: '' }
  return anonymous_id === '' ? [user] : [user, { kind: 'both', user_id, anonymous_id }]
}

function hashTrace(
  key: string,
  projectId: string,
  { kind, user_id, anonymous_id }: TraceIds,
): string | Promise<string> {
  return hmacSha256Hex(key, JSON.stringify([projectId, kind, user_id, anonymous_id]))
}
