import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface Received {
  at: number
  path: string
  authorization: string | undefined
  gzip: boolean
  body: Record<string, unknown>
  events: Record<string, unknown>[]
}

/** What to do with a request. */
export type Answer = (response: ServerResponse, request: Received) => void

export interface TestServer {
  host: string
  received: Received[]
  /** Answers of the next requests; after them each is accepted. */
  answers: Answer[]
  /** Answers every request that has no answer of its own. */
  otherwise: Answer
  events(): Record<string, unknown>[]
  close(): Promise<void>
}

/** Answers with a status. */
export function status(code: number, headers: Record<string, string> = {}, body?: unknown): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers })
    response.end(code === 204 || code === 304 ? undefined : JSON.stringify(body ?? refusal(code)))
  }
}

function refusal(code: number): unknown {
  return code < 300
    ? { ok: true }
    : { error: `code_${code}`, message: `message ${code}`, request_id: `r${code}` }
}

/** Answers as the contract says. */
export const accept: Answer = (response, request) => {
  const stored = (event: Record<string, unknown>, index: number): unknown => ({
    index,
    event_id: event.event_id,
    status: 'stored',
  })
  const answers: Record<string, [number, unknown]> = {
    '/v1/track': [202, { ok: true, event_id: request.body.event_id, status: 'stored' }],
    '/v1/batch': [202, { ok: true, count: request.events.length, results: request.events.map(stored) }],
    '/v1/identify': [200, { ok: true }],
  }
  const [code, body] = answers[request.path] ?? [404, refusal(404)]
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** Cuts the connection before an answer. */
export const hangUp: Answer = (response) => {
  response.destroy()
}

/** Says that the answer is longer than it is. */
export const cutBody: Answer = (response) => {
  response.writeHead(202, { 'content-type': 'application/json', 'content-length': '100' })
  response.write('{"ok":true,')
  setTimeout(() => response.destroy(), 20)
}

/** Never answers. */
export const silence: Answer = () => {}

/** Answers late. */
export function slow(ms: number): Answer {
  return (response, request) => {
    setTimeout(() => accept(response, request), ms)
  }
}

export async function startServer(): Promise<TestServer> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const gzip = request.headers['content-encoding'] === 'gzip'
    const bytes = Buffer.concat(chunks)
    const body = JSON.parse((gzip ? gunzipSync(bytes) : bytes).toString())
    const received: Received = {
      at: Date.now(),
      path: request.url ?? '',
      authorization: request.headers.authorization,
      gzip,
      body,
      events: body.events ?? [body],
    }
    server.received.push(received)
    ;(server.answers.shift() ?? server.otherwise)(response, received)
  }
  const http = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = addressOf(http.address())
  const server: TestServer = {
    host: `http://127.0.0.1:${port}`,
    received: [],
    answers: [],
    otherwise: accept,
    events: () => server.received.flatMap(({ events }) => events),
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections()
        http.close(() => resolve())
      }),
  }
  return server
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address
}
