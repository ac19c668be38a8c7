import type { IncomingMessage } from 'node:http'

type Body = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | string

/** The Web request that a Node request stands for. */
export function toRequest(req: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers()
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? ''
    if (!name.startsWith(':')) headers.append(name, req.rawHeaders[i + 1] ?? '')
  }
  const method = req.method ?? 'GET'
  const init: RequestInit & { duplex: 'half' } = { method, headers, signal, duplex: 'half' }
  if (method !== 'GET' && method !== 'HEAD') init.body = bodyOf(req, headers)
  return new Request(requestUrl(req), init)
}

function requestUrl(req: IncomingMessage): URL {
  const scheme = 'encrypted' in req.socket && req.socket.encrypted === true ? 'https' : 'http'
  const base = 'baseUrl' in req && typeof req.baseUrl === 'string' ? req.baseUrl : ''
  const url = req.url ?? '/'
  // A client may send an absolute URL or `*` as its target, and any text as its host.
  const target = base + (url.startsWith('/') ? url : pathOf(parseUrl(url)))
  const authority = req.headers[':authority'] ?? req.headers.host
  const origin = parseUrl(`${scheme}://${typeof authority === 'string' ? authority : 'localhost'}`)
  return new URL((origin?.pathname === '/' ? origin.origin : `${scheme}://localhost`) + target)
}

// Not by `URL.canParse`: once Node 20 has optimised it, it says no to every address with a letter such as "ö" in it.
function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function pathOf(url: URL | undefined): string {
  return url === undefined ? '/' : url.pathname + url.search
}

/**
 * Looks at the stream and not at `req.body`: Express 4 behind `express.json()` leaves `req.body = {}` for a
 * `text/plain` beacon that nobody has read. Only a stream that was read is made anew from what its parser left.
 */
function bodyOf(req: IncomingMessage, headers: Headers): Body {
  if (!req.readableDidRead) return streamOf(req)
  const body = encodeParsed('body' in req ? req.body : undefined, headers.get('content-type') ?? '')
  headers.delete('content-encoding')
  headers.delete('transfer-encoding')
  headers.set('content-length', String(Buffer.byteLength(body)))
  if (typeof body === 'string') toUtf8(headers)
  return body
}

function encodeParsed(body: unknown, contentType: string): Uint8Array<ArrayBuffer> | string {
  if (body === undefined) return ''
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return new Uint8Array(body)
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return encodeForm(body)
  return JSON.stringify(body) ?? ''
}

function toUtf8(headers: Headers): void {
  const type = headers.get('content-type')
  if (type !== null) headers.set('content-type', type.replace(/charset=("[^"]*"|[^;\s]*)/i, 'charset=utf-8'))
}

function encodeForm(body: unknown): string {
  const form = new URLSearchParams()
  const add = (name: string, value: unknown): void => {
    if (Array.isArray(value))
      for (const item of value) add(typeof item === 'object' ? `${name}[]` : name, item)
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) add(`${name}[${key}]`, inner)
    else form.append(name, value === null || value === undefined ? '' : String(value))
  }
  if (typeof body === 'object' && body !== null)
    for (const [key, value] of Object.entries(body)) add(key, value)
  return form.toString()
}

/**
 * The unread body, pulled from the socket only when somebody reads: node then discards by itself what a
 * refusal left unread, and the connection stays usable.
 */
function streamOf(req: IncomingMessage): ReadableStream<Uint8Array> {
  let detach: (() => void) | undefined
  return new ReadableStream<Uint8Array>(
    {
      pull(controller): void {
        detach ??= attach(req, controller)
        req.resume()
      },
      cancel(): void {
        detach?.()
        req.resume()
      },
    },
    { highWaterMark: 0 },
  )
}

function attach(req: IncomingMessage, controller: ReadableStreamDefaultController<Uint8Array>): () => void {
  const bytes = (chunk: Uint8Array | string): Uint8Array =>
    typeof chunk === 'string' ? Buffer.from(chunk, req.readableEncoding ?? 'utf8') : chunk
  const onData = (chunk: Uint8Array | string): void => {
    controller.enqueue(bytes(chunk))
    req.pause()
  }
  const onEnd = (): void => {
    detach()
    controller.close()
  }
  const onClose = (): void => {
    detach()
    // A page that unloads may hang up right after its beacon: what arrived whole is still delivered.
    if (!req.complete) {
      controller.error(req.errored ?? new Error('the client went away'))
      return
    }
    for (let rest = req.read(); rest !== null; rest = req.read()) controller.enqueue(bytes(rest))
    controller.close()
  }
  const detach = (): void => {
    req.off('data', onData).off('end', onEnd).off('error', onClose).off('close', onClose)
  }
  if (req.destroyed) onClose()
  else req.on('data', onData).on('end', onEnd).on('error', onClose).on('close', onClose)
  return detach
}
