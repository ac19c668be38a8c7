import { MillimetricError } from './errors.js'
import type { Settings } from './options.js'
import type { Pauses, Stop } from './pause.js'

const GZIP_FROM = 1024
const LONGEST_WAIT_MS = 300_000
const FIRST_WAIT_MS = 100

/** What the server said in the end. */
export type Outcome =
  /** It took the request; the answer is JSON with `ok: true`. */
  | { kind: 'accepted'; answer: Record<string, unknown> }
  /** It will never take the request. */
  | { kind: 'refused'; error: MillimetricError }
  /** Nobody knows; the same request may be sent again. */
  | { kind: 'failed'; error: MillimetricError }

interface Try {
  outcome: Outcome
  retryAfterMs?: number | undefined
}

export interface Connection {
  readonly settings: Settings
  readonly pauses: Pauses
  /** Ends tries and waits: `close` has run out of time. */
  readonly stop: Stop
  /** Whether somebody waits for the result, so that the process must stay. */
  awaited(): boolean
}

/** Sends one request until it is answered for good, or `maxRetries` is used up. */
export async function deliver(connection: Connection, path: string, json: string): Promise<Outcome> {
  const { settings, pauses, stop } = connection
  const payload = await encode(json, settings.gzip)
  for (let attempt = 0; ; attempt++) {
    const { outcome, retryAfterMs = 0 } = await request(settings, path, payload, stop)
    if (outcome.kind !== 'failed' || attempt >= settings.maxRetries || stop.stopped) return outcome
    await pauses.wait(Math.max(FIRST_WAIT_MS * 2 ** attempt, retryAfterMs), connection.awaited())
    if (stop.stopped) return outcome
  }
}

interface Payload {
  body: string | ArrayBuffer
  headers: Record<string, string>
}

async function encode(json: string, gzip: boolean): Promise<Payload> {
  const headers = { 'content-type': 'application/json' }
  if (!gzip || json.length <= GZIP_FROM || typeof CompressionStream !== 'function')
    return { body: json, headers }
  const packed = new Blob([json]).stream().pipeThrough(new CompressionStream('gzip'))
  return {
    body: await new Response(packed).arrayBuffer(),
    headers: { ...headers, 'content-encoding': 'gzip' },
  }
}

async function request(settings: Settings, path: string, payload: Payload, stop: Stop): Promise<Try> {
  const abort = new AbortController()
  const end = (): void => abort.abort()
  const timer = setTimeout(end, settings.timeoutMs)
  stop.listeners.add(end)
  if (stop.stopped) end()
  try {
    const response = await settings.fetch(`${settings.host}${path}`, {
      method: 'POST',
      body: payload.body,
      headers: { ...payload.headers, authorization: `Bearer ${settings.key}` },
      // Following would turn the POST into a GET, and hand the key to whoever is at the other end.
      redirect: 'manual',
      signal: abort.signal,
    })
    return judge(response, await response.text())
  } catch (cause) {
    return { outcome: { kind: 'failed', error: failure(cause, abort.signal.aborted, stop, settings) } }
  } finally {
    clearTimeout(timer)
    stop.listeners.delete(end)
  }
}

function failure(cause: unknown, aborted: boolean, stop: Stop, settings: Settings): MillimetricError {
  if (stop.stopped) return new MillimetricError('closed', 'close() ran out of time.', { cause })
  return aborted
    ? new MillimetricError('timeout', `No answer within ${settings.timeoutMs} ms.`, { cause })
    : new MillimetricError('network_error', `The server can not be reached. ${message(cause)}`, { cause })
}

function message(cause: unknown): string {
  if (!(cause instanceof Error)) return ''
  return cause.cause instanceof Error ? cause.cause.message : cause.message
}

function judge(response: Response, text: string): Try {
  const { status } = response
  const answer = parse(text)
  if (response.ok && answer.ok === true) return { outcome: { kind: 'accepted', answer } }
  if (response.ok) {
    const error = new MillimetricError(
      'unexpected_response',
      `${status} without {"ok":true}: is there something else than Millimetric at host?`,
      { status },
    )
    return { outcome: { kind: 'failed', error } }
  }
  const code = typeof answer.error === 'string' ? answer.error : `http_${status}`
  const error = new MillimetricError(code, explanation(response, answer.message), {
    status,
    details: answer.details,
    request_id: typeof answer.request_id === 'string' ? answer.request_id : undefined,
  })
  const again = status === 408 || status === 429 || status >= 500
  return again
    ? { outcome: { kind: 'failed', error }, retryAfterMs: retryAfterMs(response.headers.get('retry-after')) }
    : { outcome: { kind: 'refused', error } }
}

function explanation({ status, headers }: Response, message: unknown): string {
  if (status >= 300 && status < 400) {
    return `The server redirects to ${headers.get('location')}; set host to the final address.`
  }
  return typeof message === 'string' ? message : `The server answered ${status}.`
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** Milliseconds that the server asks to wait, at most 300 s: whole seconds or a date; nothing for anything else. */
export function retryAfterMs(header: string | null): number | undefined {
  const text = header?.trim() ?? ''
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : undefined
}
