import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Headers that other middleware may have set already and that add up. */
const ADDITIVE = new Set(['set-cookie', 'vary'])

/** Writes a Web response; waits for a slow reader, and cancels the body when the reader goes away. */
export async function sendResponse(
  response: Response,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (res.destroyed || res.headersSent) return response.body?.cancel()
  res.statusCode = response.status
  for (const [name, value] of response.headers) {
    if (ADDITIVE.has(name)) res.appendHeader(name, value)
    else res.setHeader(name, value)
  }
  if (response.body === null || req.method === 'HEAD') {
    await response.body?.cancel()
    res.end()
    return
  }
  await pump(response.body, res)
}

async function pump(body: ReadableStream<Uint8Array>, res: ServerResponse): Promise<void> {
  const reader = body.getReader()
  const onClose = (): void => {
    // The source hears of it as a cancellation; that it failed to stop interests nobody.
    reader.cancel().catch(() => {})
  }
  res.once('close', onClose)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!res.write(value) && !res.destroyed) await drained(res)
  }
  res.off('close', onClose)
  res.end()
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done).off('close', done)
      resolve()
    }
    res.on('drain', done).on('close', done)
  })
}

const FAILURES = {
  405: ['method_not_allowed', 'This method is not allowed here.'],
  500: ['internal_error', 'The request could not be answered.'],
} as const

/** The answer to what never reached the handler, and to a handler that threw though it never should. */
export function sendFailure(res: ServerResponse, status: keyof typeof FAILURES): void {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const [error, message] = FAILURES[status]
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  res.end(JSON.stringify({ error, message, request_id: randomUUID() }))
}
