import { MillimetricError } from './errors.js'
import type { TrackEvent } from './event.js'

/** Events that this client will not deliver any more. A link made by `identify` appears as `$identify` event. */
export interface Drop {
  /** Code, as in `MillimetricError.code`, or that of one event, for example `invalid_timestamp`. */
  reason: string
  /** For people: what to change. */
  message: string
  events: readonly TrackEvent[]
}

export interface ClientOptions {
  /** Secret key, `sk_…`. */
  key: string
  /** Where Millimetric is mounted, for example `https://example.com/analytics`. */
  host: string
  /** 1 (default): each event is its own request at once. Above: so many events wait for one batch. */
  flushAt?: number | undefined
  /** Longest wait of an event for its batch, in milliseconds. 1000 by default. */
  flushIntervalMs?: number | undefined
  /** Further tries of a request after the first, 3 by default. */
  maxRetries?: number | undefined
  /** Most events in memory, waiting or on their way. 1000 by default; beyond it the oldest is dropped. */
  maxQueue?: number | undefined
  /** Compress bodies above 1 KiB where the runtime can. True by default. */
  gzip?: boolean | undefined
  /** Longest wait for one answer, in milliseconds. 10,000 by default. */
  timeoutMs?: number | undefined
  /** Hears of every event that will not be delivered. Without it each reason is written to the console once. */
  onDrop?: ((drop: Drop) => void) | undefined
  /** Hears of every request that failed after its last try; its events are in the queue again. */
  onError?: ((error: MillimetricError) => void) | undefined
  /** Used instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined
}

/** The options with every default in place. */
export interface Settings {
  readonly key: string
  readonly host: string
  readonly flushAt: number
  readonly flushIntervalMs: number
  readonly maxRetries: number
  readonly maxQueue: number
  readonly gzip: boolean
  readonly timeoutMs: number
  readonly onDrop: ((drop: Drop) => void) | undefined
  readonly onError: ((error: MillimetricError) => void) | undefined
  readonly fetch: typeof globalThis.fetch
}

/** Judges the options; a wrong one is said when the program starts, not when the first event is lost. */
export function settle(options: ClientOptions): Settings {
  const { key, host } = options
  if (typeof key !== 'string' || !/^sk_[\w-]+$/.test(key)) {
    throw invalid('key must be a secret key, sk_…; is its environment variable set?')
  }
  if (typeof host !== 'string' || !/^https?:$/.test(protocol(host))) {
    throw invalid(
      'host must be the address where Millimetric is mounted, such as https://example.com/analytics',
    )
  }
  return {
    key,
    host: host.replace(/\/+$/, ''),
    flushAt: atLeast(1, 'flushAt', options.flushAt, 1),
    flushIntervalMs: atLeast(0, 'flushIntervalMs', options.flushIntervalMs, 1000),
    maxRetries: atLeast(0, 'maxRetries', options.maxRetries, 3),
    maxQueue: atLeast(1, 'maxQueue', options.maxQueue, 1000),
    gzip: options.gzip ?? true,
    timeoutMs: atLeast(1, 'timeoutMs', options.timeoutMs, 10_000),
    onDrop: options.onDrop,
    onError: options.onError,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
  }
}

function protocol(address: string): string {
  try {
    return new URL(address).protocol
  } catch {
    return ''
  }
}

function atLeast(least: number, name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (Number.isInteger(value) && value >= least) return value
  throw invalid(`${name} must be a whole number of at least ${least}`)
}

function invalid(message: string): MillimetricError {
  return new MillimetricError('invalid_options', `Millimetric: ${message}.`)
}
