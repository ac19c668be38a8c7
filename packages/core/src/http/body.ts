import { AnalyticsError } from '../errors.js'

// Far below what overflows a stack, far above what an event may have: an event nested too deep inside a batch
// is refused alone, by the rule of 32 levels, and not together with its neighbours.
const BODY_DEPTH = 128

export interface BodyLimits {
  /** After inflation. */
  readonly maxBodyBytes: number
  /** Milliseconds for the whole body, and half of them for any part of it to come. */
  readonly bodyTimeoutMs: number
}

/**
 * Reads a JSON body: bounded in bytes after inflation and in time, gzip or plain, UTF-8, nested at most 128
 * levels. Nothing is parsed before it has been bounded. Errors: `payload_too_large`, `request_timeout`,
 * `unsupported_media_type`, and `invalid_payload` with `details.reason` `empty_body`, `invalid_encoding`,
 * `too_deep` or `invalid_json`.
 */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const { maxBodyBytes: maxBytes } = limits
  checkMediaType(request.headers.get('content-type'))
  const encoding = checkEncoding(request.headers.get('content-encoding'))
  const announced = Number(request.headers.get('content-length') ?? '0')
  if (encoding === 'identity' && announced > maxBytes) throw tooLarge(maxBytes)
  if (request.body === null) throw invalid('empty_body', 'The request has no body.')
  const bytes = await readBounded(inflated(request.body, encoding), limits, encoding)
  if (bytes.length === 0) throw invalid('empty_body', 'The request has no body.')
  checkDepth(bytes, BODY_DEPTH)
  return parse(decode(bytes))
}

// Browsers send beacons as text/plain, which needs no preflight; forms and XML are mistakes.
function checkMediaType(header: string | null): void {
  const type = (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === '' || type === 'text/plain' || type === 'application/json' || type.endsWith('+json')) return
  throw new AnalyticsError(
    'unsupported_media_type',
    `Send application/json (or text/plain holding JSON), not ${type.slice(0, 80)}.`,
  )
}

function checkEncoding(header: string | null): 'identity' | 'gzip' {
  const encoding = (header ?? '').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity') return 'identity'
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip'
  throw new AnalyticsError('unsupported_media_type', 'Content-Encoding may be gzip or absent.', {
    details: { accept_encoding: 'gzip' },
  })
}

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>

function inflated(body: Bytes, encoding: 'identity' | 'gzip'): Bytes {
  return encoding === 'identity' ? body : body.pipeThrough(new DecompressionStream('gzip'))
}

async function readBounded(
  stream: Bytes,
  limits: BodyLimits,
  encoding: 'identity' | 'gzip',
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunksOf(stream, limits.bodyTimeoutMs, encoding)) {
    length += chunk.length
    if (length > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes)
    chunks.push(chunk)
  }
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** The parts of a body as they come. Whoever stops reading cancels the rest, as does a body that is late. */
async function* chunksOf(
  stream: Bytes,
  timeoutMs: number,
  encoding: 'identity' | 'gzip',
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  let late = false
  // Not awaited: a client that goes on sending, or never does, must not hold the answer up.
  const cancel = (): void => void reader.cancel().catch(() => {})
  const giveUp = (): void => {
    late = true
    cancel()
  }
  const whole = setTimeout(giveUp, timeoutMs)
  let part = setTimeout(giveUp, timeoutMs / 2)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (late) throw new Error('late')
      if (done) return
      yield value
      clearTimeout(part)
      part = setTimeout(giveUp, timeoutMs / 2)
    }
  } catch (cause) {
    if (late) throw new AnalyticsError('request_timeout', 'The body did not arrive in time.')
    throw encoding === 'gzip'
      ? invalid('invalid_encoding', 'The body is not valid gzip.')
      : new AnalyticsError('request_timeout', 'The body did not arrive whole.', { cause })
  } finally {
    clearTimeout(whole)
    clearTimeout(part)
    cancel()
  }
}

function decode(bytes: Uint8Array): string {
  try {
    // Strips a byte order mark, refuses everything that is not UTF-8.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('invalid_encoding', 'The body is not UTF-8.')
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('invalid_json', 'The body is not JSON.')
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** A scan of the bytes: `JSON.parse` takes 5,000 levels, `JSON.stringify` of the result then overflows. */
export function checkDepth(bytes: Uint8Array, max: number): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > max) throw invalid('too_deep', `The body is nested deeper than ${max} levels.`)
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}

function tooLarge(maxBytes: number): AnalyticsError {
  return new AnalyticsError(
    'payload_too_large',
    `The body is larger than ${maxBytes} bytes; split the batch.`,
    {
      details: { max_bytes: maxBytes },
    },
  )
}

function invalid(reason: string, message: string): AnalyticsError {
  return new AnalyticsError('invalid_payload', message, { details: { reason } })
}
