import type { BrowserEvent, InitOptions } from './options.js'
import { nextRequest, type QueuedEvent } from './queue.js'
import { warn } from './warn.js'

/** What is read of an answer. */
interface Answer {
  error?: string
  results?: readonly { code?: string; message?: string }[]
}

export interface Transport {
  /** Freezes the event as it is now and queues it. */
  add(event: BrowserEvent): void
  /** Sends what waits, unless a retry is not due yet; resolves when each of it has been tried. Never rejects. */
  flush(): Promise<void>
  /** The network is back: a retry is due now. */
  wake(): void
  /** Sends what waits in requests that outlive the page. */
  unload(): void
  /** Discards what waits. */
  clear(): void
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

export function createTransport(options: InitOptions): Transport {
  const CAPACITY = 1000
  // Browsers refuse keepalive requests and beacons once 64 KiB of all of them together are in flight.
  const KEEPALIVE_BUDGET = 64_000
  const REQUEST_BYTES = 31_000
  const LONGEST_WAIT_MS = 300_000
  const TIMEOUT_MS = 30_000

  const { key, flushIntervalMs = 2000, flushBatchSize = 20 } = options
  const host = (options.host || location.origin).replace(/\/+$/, '')
  let queue: QueuedEvent[] = []
  let scheduled = false
  let flushed: Promise<void> | undefined
  let notBefore = 0
  let failures = 0
  let inFlight = 0

  const schedule = (): void => {
    if (scheduled || !queue[0]) return
    scheduled = true
    setTimeout(
      () => {
        scheduled = false
        void flush()
      },
      Math.max(flushIntervalMs, notBefore - Date.now()),
    )
  }

  const retryLater = (header?: string | null): void => {
    const asked = Number(header) * 1000 || Date.parse(`${header}`) - Date.now()
    const wait = asked > 0 ? asked : 1000 * 2 ** failures * (0.5 + Math.random() / 2)
    notBefore = Date.now() + Math.min(wait, LONGEST_WAIT_MS)
    failures++
  }

  /**
   * One request. The `last` ones of a page need no CORS preflight, which the page would not live to see: they
   * have no headers of their own, and the server takes a public key from the address.
   */
  const send = async (events: readonly QueuedEvent[], last: boolean): Promise<void> => {
    const [first] = events
    const sent_at = new Date().toISOString()
    const url = `${host}/v1/${first?.identify ? 'identify' : 'batch'}${last ? `?key=${key}` : ''}`
    const body = `{"sent_at":"${sent_at}",${first?.identify ? first.json.slice(1) : `"events":[${events.map((event) => event.json)}]}`}`
    // Every other try does without keepalive: other scripts of the page may have used the budget up.
    const keepalive = inFlight + byteLength(body) < KEEPALIVE_BUDGET && (last || failures % 2 === 0)
    const size = keepalive ? byteLength(body) : 0
    inFlight += size
    for (const event of events) event.sent = keepalive || last
    const settle = (): void => {
      queue = queue.filter((event) => !events.includes(event))
    }
    try {
      if (last && !keepalive && navigator.sendBeacon(url, body)) settle()
      else {
        const response = await fetch(url, {
          method: 'POST',
          body,
          keepalive,
          headers: last ? {} : { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          signal: AbortSignal.timeout?.(TIMEOUT_MS),
        })
        const { status } = response
        if (status === 408 || status === 429 || status >= 500) retryLater(response.headers.get('retry-after'))
        else {
          failures = 0
          settle()
          const answer: Answer | null = await response.json().catch(() => null)
          if (!response.ok) warn(`${status}`, answer?.error)
          for (const result of answer?.results ?? []) if (result.code) warn(result.code, result.message)
        }
      }
    } catch {
      // A fetch that throws at once must not look untried to the loop of unload().
      await null
      retryLater()
    }
    inFlight -= size
    for (const event of events) event.sent = false
    schedule()
  }

  /** Hands request after request over: to a page that lives, one at a time; else all at once. */
  const drain = async (last: boolean): Promise<void> => {
    for (;;) {
      const events = nextRequest(queue, REQUEST_BYTES)
      if (!events[0] || (!last && Date.now() < notBefore)) break
      const answered = send(events, last)
      if (!last) await answered
    }
  }

  const flush = (): Promise<void> => {
    flushed ??= drain(false).then(() => {
      flushed = undefined
      schedule()
    })
    return flushed
  }

  return {
    add(event) {
      const { event_id, timestamp, anonymous_id, user_id, properties: traits } = event
      const identify = event.event === '$identify'
      const json = JSON.stringify(identify ? { event_id, timestamp, anonymous_id, user_id, traits } : event)
      queue.push({ json, bytes: byteLength(json), identify, sent: false })
      if (queue.length > CAPACITY) {
        queue.shift()
        warn('queue_full')
      }
      if (queue.length < flushBatchSize) schedule()
      else void flush()
    },
    flush,
    wake() {
      notBefore = 0
      void flush()
    },
    unload: () => void drain(true),
    clear() {
      queue = []
    },
  }
}
