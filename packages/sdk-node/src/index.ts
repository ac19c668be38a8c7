import { type CloseReport, MillimetricClient } from './client.js'
import { MillimetricError } from './errors.js'
import type { Identify, Receipt, TrackEvent } from './event.js'
import type { ClientOptions } from './options.js'

export { type CloseReport, MillimetricClient } from './client.js'
export { MillimetricError } from './errors.js'
export type { Identify, Properties, Receipt, TrackEvent } from './event.js'
export type { ClientOptions, Drop } from './options.js'

let client: MillimetricClient | undefined

/** Makes the client that `track`, `identify`, `flush` and `close` use, and returns it. Again: a new one takes over. */
export function init(options: ClientOptions): MillimetricClient {
  client = new MillimetricClient(options)
  return client
}

/** `MillimetricClient.track` of the client made by `init`. */
export function track(event: TrackEvent): Promise<Receipt> {
  return client?.track(event) ?? missing()
}

/** `MillimetricClient.identify` of the client made by `init`. */
export function identify(link: Identify): Promise<Receipt> {
  return client?.identify(link) ?? missing()
}

/** `MillimetricClient.flush` of the client made by `init`. */
export function flush(): Promise<void> {
  return client?.flush() ?? Promise.resolve()
}

/** `MillimetricClient.close` of the client made by `init`. */
export function close(options?: { timeoutMs?: number | undefined }): Promise<CloseReport> {
  return client?.close(options) ?? Promise.resolve({ undelivered: [] })
}

function missing(): Promise<never> {
  const error = new MillimetricError(
    'not_initialized',
    'Call init({ key, host }) of @millimetric/track-node first.',
  )
  console.warn(`[millimetric] ${error.message}`)
  const refused = Promise.reject(error)
  refused.catch(() => {})
  return refused
}
