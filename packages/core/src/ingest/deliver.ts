import { type OnDiagnostic, reportNotStored } from '../diagnostics.js'
import { AnalyticsError } from '../errors.js'
import type { EventKey, EventStore, StoredEvent } from '../ports/event-store.js'
import { createBatchWriter, unavailable } from './batch-writer.js'
import { type Forgotten, NOBODY } from './half-stored.js'
import { anyOf, createLookups, type Known, type Lookup } from './lookups.js'
import type { Delivery, Outcome } from './poison.js'
import { storeGroup } from './store-group.js'

export type { Delivery } from './poison.js'

export interface DeliverOptions {
  /** Rows of one insert at most. */
  maxBatchRows: number
  /** This many waiting rows are sent at once, without waiting for company. */
  flushRows: number
  /** How long fewer rows wait for company, in milliseconds. */
  flushIntervalMs: number
  /** Events that may wait; more are refused with `overloaded`. */
  maxWaiting: number
  /** Pauses between sends of one batch, in milliseconds; one send more than pauses. */
  retryDelaysMs: readonly number[]
}

export interface NewEvent {
  event: StoredEvent
  /** The id was made here for this event alone, so it can't be stored yet and needs no lookup. */
  fresh: boolean
}

export interface Deliver {
  /**
   * Looks ids up that are about to be appended, while their events are judged. Undefined when that gains nothing: what
   * would wait for company or for an insert is looked up meanwhile. To be ended in any case.
   */
  lookAhead(keys: readonly EventKey[]): Lookup | undefined
  /**
   * Resolves when the store has answered for these events, one status each. Rejects with `overloaded`,
   * `shutting_down` or `storage_unavailable`; then some may be stored, and sending them again under the same
   * ids counts them once.
   */
  append(events: readonly NewEvent[], ahead?: Lookup): Promise<Delivery[]>
  /** Sends what waits and refuses newcomers; returns how many events could not be delivered. */
  close(): Promise<{ undelivered: number }>
}

// How long a batch that is stored in part waits for the next try when no other insert comes.
const RETRY_HALF_STORED_MS = 1000

interface Waiting {
  events: readonly NewEvent[]
  ahead: Lookup | undefined
  resolve(statuses: Delivery[]): void
  reject(error: unknown): void
}

/** Requests that share an insert. */
interface Group {
  readonly requests: readonly Waiting[]
  readonly events: readonly NewEvent[]
}

const NOTHING: Group = { requests: [], events: [] }

/**
 * Group commit: requests that come while an insert is under way, or within `flushIntervalMs` of each other,
 * share the next insert. There is never more than one insert in flight, which keeps the number of parts in
 * ClickHouse bounded at any load, and makes the duplicate check exact within the process. While one group is
 * inserted the next one's ids are looked up already; what the first stored meanwhile is told to the second.
 */
export function createDeliver(deps: {
  store: EventStore
  options: DeliverOptions
  /** Nobody is, without it. */
  forgotten?: Forgotten
  clock: () => number
  onDiagnostic: OnDiagnostic
}): Deliver {
  const { store, options, onDiagnostic } = deps
  let queue: Waiting[] = []
  let waiting = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  let preparing: Promise<void> | undefined
  let inserting: Promise<void> | undefined
  let closed = false
  let undelivered = 0
  const { retryDelaysMs } = options
  const writer = createBatchWriter({ forgotten: NOBODY, ...deps, retryDelaysMs, closing: () => closed })
  const { halfStored } = writer
  const lookups = createLookups(async (keys) => await writer.ask(() => store.known(keys)))

  function schedule(): void {
    if (preparing !== undefined) return
    if (closed || inserting !== undefined || waiting >= options.flushRows) start()
    else timer ??= setTimeout(start, options.flushIntervalMs)
  }

  function start(): void {
    clearTimeout(timer)
    timer = undefined
    if (preparing !== undefined || queue.length === 0) return
    preparing = prepare().finally(() => {
      preparing = undefined
      if (queue.length > 0) schedule()
    })
  }

  /** What is stored in part is completed also when nobody sends; no process stays alive for it. */
  function completeLater(): void {
    if (halfStored.rows === 0 || closed) return
    retryTimer ??= setTimeout(() => {
      retryTimer = undefined
      // With traffic each group tries before its own insert.
      if (preparing !== undefined || inserting !== undefined) return completeLater()
      insertAlone(completeHalfStored)
    }, RETRY_HALF_STORED_MS)
    if (typeof retryTimer === 'object') retryTimer.unref()
  }

  /** Looks the next group up, waits for the insert under way, and hands the group over to its own. */
  async function prepare(): Promise<void> {
    // Company may still come while an insert is under way: nothing is gained by looking up at once.
    if (inserting !== undefined && waiting < options.flushRows)
      await Promise.race([inserting, sleep(options.flushIntervalMs)])
    const group = takeGroup()
    const own = lookUp(group)
    let known: Known
    try {
      await Promise.all(own.map(({ answered }) => answered))
      await inserting
      await completeHalfStored()
      known = anyOf(await Promise.all(own.map((lookup) => lookup.known())))
    } catch (error) {
      return refuse(group, error)
    } finally {
      for (const lookup of own) lookup.end()
    }
    // What came while the insert before was under way, and needs no lookup, would wait for this one too.
    const whole = takeGroup(
      group,
      ({ events, ahead }) => ahead === undefined && events.every(({ fresh }) => fresh),
    )
    insertAlone(async () => lookups.note(await insertGroup(whole, known)))
  }

  /** `work` never rejects. */
  function insertAlone(work: () => Promise<void>): void {
    const insert = work().then(() => {
      if (inserting === insert) inserting = undefined
      completeLater()
    })
    inserting = insert
  }

  async function completeHalfStored(): Promise<void> {
    // Ids that were looked up meanwhile may be stored now.
    if (await halfStored.retry()) lookups.note('failed')
  }

  /** What was looked up ahead, and a lookup of the rest. */
  function lookUp({ requests }: Group): Lookup[] {
    const ahead = requests.flatMap((request) => request.ahead ?? [])
    const rest: EventKey[] = []
    for (const request of requests) {
      for (const { event, fresh } of request.events) {
        if (!fresh && request.ahead?.covers(event) !== true) rest.push(event)
      }
    }
    return rest.length === 0 ? ahead : [...ahead, lookups.begin(rest)]
  }

  /** The ids stored now, or `failed`; answers the requests either way and never rejects. */
  async function insertGroup(group: Group, known: Known): Promise<ReadonlyMap<string, number> | 'failed'> {
    try {
      const events = group.events.map(({ event }) => event)
      const { outcomes, stored } = await storeGroup(writer, events, known)
      answer(group, outcomes)
      return stored
    } catch (error) {
      refuse(group, error)
      return 'failed'
    }
  }

  /** A request is answered by its own events, whoever shared the insert with it. */
  function answer({ requests }: Group, outcomes: readonly Outcome[]): void {
    const refused: NewEvent[] = []
    let reason: AnalyticsError | undefined
    let at = 0
    for (const { events, resolve, reject } of requests) {
      const statuses: Delivery[] = []
      let error: AnalyticsError | undefined
      for (const outcome of outcomes.slice(at, at + events.length)) {
        if (typeof outcome === 'string') statuses.push(outcome)
        else error ??= outcome
      }
      at += events.length
      if (error === undefined) {
        resolve(statuses)
        continue
      }
      reject(error)
      reason ??= error
      refused.push(...events)
    }
    if (reason === undefined) return
    undelivered += refused.length
    report(reason, refused)
  }

  function refuse(group: Group, error: unknown): void {
    const reason = unavailable(error)
    answer(
      group,
      group.events.map(() => reason),
    )
  }

  function report(error: AnalyticsError, events: readonly NewEvent[]): void {
    const [project = null, ...others] = new Set(events.map(({ event }) => event.project_id))
    const project_id = others.length > 0 ? null : project
    reportNotStored(onDiagnostic, error, { project_id, count: events.length })
  }

  /** `group` and what waits behind it, as far as one insert goes and `joins` says so. */
  function takeGroup(group: Group = NOTHING, joins: (request: Waiting) => boolean = () => true): Group {
    const requests: Waiting[] = []
    let rows = group.events.length
    for (const request of queue) {
      if (!joins(request) || (rows > 0 && rows + request.events.length > options.maxBatchRows)) break
      requests.push(request)
      rows += request.events.length
    }
    queue = queue.slice(requests.length)
    waiting -= rows - group.events.length
    return {
      requests: [...group.requests, ...requests],
      events: [...group.events, ...requests.flatMap(({ events }) => events)],
    }
  }

  function refusalOf(count: number): AnalyticsError | undefined {
    if (closed) {
      return new AnalyticsError('shutting_down', 'Analytics is closing and takes no more events.', {
        retryAfter: 5,
      })
    }
    const held = waiting + halfStored.rows
    if (held === 0 || held + count <= options.maxWaiting) return undefined
    return new AnalyticsError('overloaded', `${held} events are waiting for the event store already.`, {
      retryAfter: 1,
    })
  }

  return {
    lookAhead(keys) {
      const idle = preparing === undefined && inserting === undefined && waiting === 0 && lookups.open === 0
      return idle && !closed && keys.length >= options.flushRows ? lookups.begin(keys) : undefined
    },
    append(events, ahead) {
      const refusal = refusalOf(events.length)
      if (refusal !== undefined) {
        report(refusal, events)
        return Promise.reject(refusal)
      }
      return new Promise((resolve, reject) => {
        queue.push({ events, ahead, resolve, reject })
        waiting += events.length
        schedule()
      })
    },
    async close() {
      closed = true
      clearTimeout(retryTimer)
      for (start(); preparing !== undefined || inserting !== undefined; start()) {
        await preparing
        await inserting
      }
      await halfStored.retry()
      return { undelivered }
    },
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
