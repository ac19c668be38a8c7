import { verdicts } from './answer.js'
import { requestLength } from './batch.js'
import { type Entry, type Frozen, freezeIdentify, freezeTrack, nameOf, thaw } from './entry.js'
import { MillimetricError, retained } from './errors.js'
import type { Identify, Receipt, TrackEvent } from './event.js'
import { type ClientOptions, type Settings, settle } from './options.js'
import { createPauses, createStop, hold } from './pause.js'
import { type Connection, deliver } from './transport.js'

// Enough to keep up with a busy server, few enough not to storm one that recovers.
const SINGLE_REQUESTS = 16
const LONGEST_REST_MS = 30_000
const CLOSE_MS = 10_000

/** What `close` could not deliver. */
export interface CloseReport {
  undelivered: readonly TrackEvent[]
  /** Why, when something is undelivered. */
  error?: MillimetricError
}

interface Waiter {
  /** Settled when no event up to this one is open any more. */
  readonly upTo: number
  error: MillimetricError | undefined
  resolve(): void
  reject(error: MillimetricError): void
}

/**
 * Sends events of a server. Ids and times are set when a method is called and never change, so that an event which
 * is sent twice counts once. No returned promise becomes an unhandled rejection: a call without `await` can not end
 * the process.
 */
export class MillimetricClient {
  readonly #settings: Settings
  readonly #connection: Connection
  readonly #stop = createStop()
  readonly #said = new Set<string>()
  readonly #sends = new Set<Promise<void>>()
  readonly #inFlight = new Set<Entry>()
  #queue: Entry[] = []
  #waiters: Waiter[] = []
  #seq = 0
  /** Entries up to this one are to be sent now. */
  #due = 0
  /** Set after a request has failed for good: nothing is sent until the next try is due. */
  #resting: MillimetricError | undefined
  #rests = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #closing: Promise<CloseReport> | undefined

  constructor(options: ClientOptions) {
    this.#settings = settle(options)
    this.#connection = {
      settings: this.#settings,
      pauses: createPauses(this.#stop),
      stop: this.#stop,
      awaited: () => this.#waiters.length > 0 || [...this.#inFlight].some((entry) => entry.settle),
    }
  }

  /**
   * Sends an event. With `flushAt` 1 the promise is the server's answer. Above 1 it is `queued` at once, but for the
   * event that fills the batch, which waits for the answer. Rejects with a `MillimetricError`; `retained` there means
   * that the event is still in the queue and will be tried again.
   */
  track(event: TrackEvent): Promise<Receipt> {
    return this.#submit(event, () => freezeTrack(event))
  }

  /** Links an anonymous id to a user; settles as `track` does. */
  identify(link: Identify): Promise<Receipt> {
    return this.#submit(link, () => freezeIdentify(link))
  }

  /** Sends what waits. Rejects when something could not be delivered; what is `retained` is tried again later. */
  flush(): Promise<void> {
    if (this.#queue.length + this.#inFlight.size === 0) return Promise.resolve()
    const flushed = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ upTo: this.#seq, error: undefined, resolve, reject })
    })
    this.#connection.pauses.holdAll()
    this.#wake()
    return handled(flushed)
  }

  /**
   * Delivers what waits, for at most `timeoutMs` (10 s), and says what it could not deliver. Events that come
   * later are refused with the code `closed`. Never rejects; again gives the same promise.
   */
  close(options: { timeoutMs?: number | undefined } = {}): Promise<CloseReport> {
    this.#closing ??= this.#shutDown(options.timeoutMs ?? CLOSE_MS)
    return this.#closing
  }

  async #shutDown(timeoutMs: number): Promise<CloseReport> {
    const deadline = setTimeout(this.#stop.now, timeoutMs)
    let error: MillimetricError | undefined
    try {
      await this.flush()
    } catch (cause) {
      if (cause instanceof MillimetricError) error = cause
    }
    while (this.#sends.size > 0) await Promise.all(this.#sends)
    clearTimeout(deadline)
    clearTimeout(this.#timer)
    const undelivered = this.#queue.map(thaw)
    this.#queue = []
    if (undelivered.length > 0) this.#drop('closed', error?.message ?? '', undelivered)
    return error ? { undelivered, error } : { undelivered }
  }

  #submit(given: TrackEvent | Identify, freeze: () => Frozen): Promise<Receipt> {
    let frozen: Frozen
    try {
      frozen = freeze()
    } catch (error) {
      const known =
        error instanceof MillimetricError ? error : new MillimetricError('invalid_event', String(error))
      return this.#refuse(known, { event: nameOf(given) })
    }
    const entry: Entry = { ...frozen, seq: ++this.#seq, settle: undefined }
    if (this.#closing)
      return this.#refuse(new MillimetricError('closed', 'The client is closed.'), thaw(entry))
    if (this.#queue.length + this.#inFlight.size >= this.#settings.maxQueue) {
      const full = new MillimetricError('queue_full', `More than ${this.#settings.maxQueue} events wait.`)
      const oldest = this.#queue.shift()
      if (!oldest) return this.#refuse(full, thaw(entry))
      oldest.settle?.(full)
      this.#drop(full.code, full.message, [thaw(oldest)])
    }
    this.#queue.push(entry)
    return handled(this.#admit(entry))
  }

  #admit(entry: Entry): Promise<Receipt> {
    const { flushAt, flushIntervalMs } = this.#settings
    if (flushAt === 1 && this.#resting) return Promise.reject(this.#resting)
    if (this.#resting || this.#queue.length < flushAt) {
      this.#sleep(flushIntervalMs)
      return Promise.resolve({ event_id: entry.event_id, status: 'queued' })
    }
    const answered = new Promise<Receipt>((resolve, reject) => {
      entry.settle = (outcome) => (outcome instanceof MillimetricError ? reject(outcome) : resolve(outcome))
    })
    this.#due = this.#seq
    this.#pump()
    return answered
  }

  #refuse(error: MillimetricError, event: TrackEvent): Promise<never> {
    this.#drop(error.code, error.message, [event])
    return handled(Promise.reject(error))
  }

  /** Sets the timer of the next try, unless one is set. */
  #sleep(ms: number): void {
    if (this.#timer || this.#closing) return
    this.#timer = setTimeout(() => this.#wake(), ms)
    hold(this.#timer, false)
  }

  #wake(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#resting = undefined
    this.#due = this.#seq
    this.#pump()
  }

  #pump(): void {
    const most = this.#settings.flushAt === 1 ? SINGLE_REQUESTS : 1
    while (!this.#resting && this.#sends.size < most && (this.#queue[0]?.seq ?? Infinity) <= this.#due) {
      const entries = this.#queue.splice(0, requestLength(this.#queue, this.#settings.flushAt === 1))
      const send = this.#send(entries)
        .catch((cause: unknown) =>
          this.#putBack(entries, new MillimetricError('internal', String(cause), { cause })),
        )
        .finally(() => {
          this.#sends.delete(send)
          this.#pump()
          this.#settleWaiters()
        })
      this.#sends.add(send)
    }
    if (this.#queue.length > 0) this.#sleep(this.#settings.flushIntervalMs)
  }

  async #send(entries: Entry[]): Promise<void> {
    for (const entry of entries) this.#inFlight.add(entry)
    const [first] = entries
    if (!first) return
    const single = first.kind === 'identify' || this.#settings.flushAt === 1
    const path = single ? `/v1/${first.kind}` : '/v1/batch'
    const json = single ? first.json : `{"events":[${entries.map((entry) => entry.json).join()}]}`
    const result = await deliver(this.#connection, path, json)
    if (result.kind === 'accepted') this.#accept(entries, result.answer)
    else if (result.kind === 'failed') this.#putBack(entries, result.error)
    else if (result.error.status === 413 && entries.length > 1) {
      const half = entries.length >> 1
      await this.#send(entries.slice(0, half))
      if (this.#resting) this.#putBack(entries.slice(half), this.#resting)
      else await this.#send(entries.slice(half))
    } else {
      this.#finish(entries, () => result.error)
      for (const waiter of this.#waiters) if (waiter.upTo >= first.seq) waiter.error ??= result.error
      this.#drop(result.error.code, result.error.message, entries.map(thaw))
    }
  }

  #accept(entries: Entry[], answer: Record<string, unknown>): void {
    this.#rests = 0
    for (const { entry, outcome, lost } of verdicts(entries, answer)) {
      this.#finish([entry], () => outcome)
      if (lost) this.#drop(lost.reason, lost.message, [thaw(entry)])
    }
  }

  #putBack(entries: Entry[], cause: MillimetricError): void {
    const error = retained(cause)
    const open = entries.filter((entry) => this.#inFlight.has(entry))
    this.#queue = [...open, ...this.#queue].sort((a, b) => a.seq - b.seq)
    this.#finish(open, () => error)
    // Others that were on their way fail for the same reason: one rest for all.
    if (!this.#resting) this.#rests++
    this.#resting = error
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sleep(
      Math.min(Math.max(this.#settings.flushIntervalMs, 100) * 2 ** (this.#rests - 1), LONGEST_REST_MS),
    )
    // Nothing is sent during a rest, so that nobody need wait for its end.
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters = []
    this.#report(error)
  }

  #finish(entries: readonly Entry[], outcome: () => Receipt | MillimetricError): void {
    for (const entry of entries) {
      this.#inFlight.delete(entry)
      entry.settle?.(outcome())
      entry.settle = undefined
    }
  }

  #settleWaiters(): void {
    const open = [...this.#inFlight, ...this.#queue.slice(0, 1)].map((entry) => entry.seq)
    const lowest = Math.min(...open)
    for (const waiter of this.#waiters) {
      if (waiter.upTo >= lowest) continue
      if (waiter.error) waiter.reject(waiter.error)
      else waiter.resolve()
    }
    this.#waiters = this.#waiters.filter((waiter) => waiter.upTo >= lowest)
  }

  #drop(reason: string, message: string, events: readonly TrackEvent[]): void {
    const { onDrop } = this.#settings
    if (onDrop) quietly(() => onDrop({ reason, message, events }))
    else this.#say(reason, `${events.length} event(s) not delivered: ${reason}. ${message}`)
  }

  #report(error: MillimetricError): void {
    const { onError } = this.#settings
    if (onError) quietly(() => onError(error))
    else this.#say(error.code, `${error.code}: ${error.message} The events wait for the next try.`)
  }

  #say(code: string, text: string): void {
    if (!this.#said.has(code)) console.warn(`[millimetric] ${text}`)
    this.#said.add(code)
  }
}

/** A rejection that nobody looks at is no crash: it has been reported where losses are reported. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

function quietly(call: () => void): void {
  try {
    call()
  } catch {}
}
