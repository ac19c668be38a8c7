import { type EventKey, eventKeyName } from '../ports/event-store.js'
import { isEventId } from './validate.js'

/** Body hashes of what is stored, by {@link eventKeyName}. */
export interface Known {
  get(name: string): number | undefined
}

/** The question which of some ids are stored, whose answer stays true while inserts end. */
export interface Lookup {
  /** Resolves when the store has answered; rejects with what it rejected with. */
  readonly answered: Promise<unknown>
  /** Whether this id was asked for. */
  covers(key: EventKey): boolean
  /** What is stored by now. Only while no insert is under way: what one stores before it ends can't be seen. */
  known(): Promise<Known>
  /** Nobody wants the answer any more; may come twice. */
  end(): void
}

export interface Lookups {
  /** Lookups that have begun and not ended. */
  readonly open: number
  begin(keys: readonly EventKey[]): Lookup
  /** An insert has ended: the ids it stored, or `failed` when that is not known of all. */
  note(stored: ReadonlyMap<string, number> | 'failed'): void
}

const NOTHING: ReadonlyMap<string, number> = new Map()

export function createLookups(
  ask: (keys: readonly EventKey[]) => Promise<ReadonlyMap<string, number>>,
): Lookups {
  interface Open {
    since: ReadonlyMap<string, number>[]
    /** After a failure nobody knows what was stored: the ids are asked for again. */
    outdated: boolean
  }
  const open = new Set<Open>()

  return {
    get open() {
      return open.size
    },
    begin(keys) {
      const own: Open = { since: [], outdated: false }
      const names = new Set(keys.map(eventKeyName))
      const answered = keys.length === 0 ? Promise.resolve(NOTHING) : ask(keys)
      // Whoever wants the answer hears of it.
      answered.catch(() => {})
      open.add(own)
      return {
        answered,
        covers: (key) => names.has(eventKeyName(key)),
        async known() {
          const found = own.outdated && keys.length > 0 ? await ask(keys) : await answered
          return anyOf(own.outdated ? [found] : [found, ...own.since])
        },
        end: () => void open.delete(own),
      }
    },
    note(stored) {
      for (const own of open) {
        if (stored === 'failed') own.outdated = true
        else if (stored.size > 0) own.since.push(stored)
      }
    },
  }
}

/** What any of them knows. */
export function anyOf(all: readonly Known[]): Known {
  const [only] = all
  if (all.length === 1 && only !== undefined) return only
  return {
    get(name) {
      for (const each of all) {
        const hash = each.get(name)
        if (hash !== undefined) return hash
      }
      return undefined
    },
  }
}

/** Ids that events claim, read before the events are judged: ids that no event can have are left out. */
export function claimedKeys(project_id: string, events: readonly unknown[]): EventKey[] {
  const keys: EventKey[] = []
  for (const event of events) {
    const event_id = claimedId(event)
    if (event_id !== undefined) keys.push({ project_id, event_id })
  }
  return keys
}

function claimedId(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null) return undefined
  try {
    const id: unknown = Reflect.get(event, 'event_id')
    return typeof id === 'string' && isEventId(id) ? id : undefined
  } catch {
    // A getter of the caller threw; judging the event will say so.
    return undefined
  }
}
