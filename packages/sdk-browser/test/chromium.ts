import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** False, said aloud, where there is no Chromium; in CI the tests then run and fail. */
export function hasChromium(): boolean {
  if (existsSync(EXECUTABLE) || process.env.CI === 'true') return true
  console.warn(`SKIPPED: the browser tests of @millimetric/track need ${EXECUTABLE}`)
  return false
}

export function launch(...args: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: [...ARGS, ...args] })
}

export interface Received {
  path: string
  key: string | null
  contentType: string
  cookie: string | undefined
  preflighted: boolean
  sentAt: unknown
  status: number
  events: Record<string, unknown>[]
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: unknown
  delayMs?: number
}

export interface Collector {
  origin: string
  received: Received[]
  preflights: number
  /** Events of requests that were answered with a 2xx. */
  stored(): Record<string, unknown>[]
  names(): unknown[]
  answer: (request: Received) => Answer
  page: string
  close(): Promise<void>
}

const CORS = {
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-allow-methods': 'POST',
  'access-control-expose-headers': 'Retry-After',
}

/** A server that is page, script and collector, and keeps what it has received. */
export async function startCollector(script: string): Promise<Collector> {
  const accept = (request: Received): Answer =>
    request.path === '/v1/identify'
      ? { status: 200, body: { ok: true } }
      : {
          status: 202,
          body: {
            ok: true,
            count: request.events.length,
            results: request.events.map((event, index) => ({
              index,
              event_id: event.event_id,
              status: 'stored',
            })),
          },
        }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', collector.origin)
    const path = url.pathname.replace(/^\/analytics/, '')
    const origin = request.headers.origin
    const cors = origin ? { 'access-control-allow-origin': origin, ...CORS } : {}
    if (request.method === 'OPTIONS') {
      collector.preflights++
      response.writeHead(204, cors).end()
    } else if (path === '/v1/a.js') {
      response.writeHead(200, { 'content-type': 'application/javascript' }).end(script)
    } else if (request.method === 'GET') {
      response
        .writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'session=secret' })
        .end(collector.page)
    } else {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const body = JSON.parse(Buffer.concat(chunks).toString())
      const received: Received = {
        path: url.pathname,
        key: url.searchParams.get('key') ?? request.headers.authorization?.replace('Bearer ', '') ?? null,
        contentType: request.headers['content-type'] ?? '',
        cookie: request.headers.cookie,
        preflighted: 'authorization' in request.headers,
        sentAt: body.sent_at,
        status: 0,
        events: body.events ?? [{ ...body, event: '$identify' }],
      }
      collector.received.push(received)
      const answer = collector.answer(received)
      received.status = answer.status
      await new Promise((resolve) => setTimeout(resolve, answer.delayMs ?? 0))
      response.writeHead(answer.status, { ...cors, 'content-type': 'application/json', ...answer.headers })
      response.end(JSON.stringify(answer.body ?? { error: 'test', message: 'test', request_id: 'r' }))
    }
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port }: AddressInfo = addressOf(server.address())
  const collector: Collector = {
    origin: `http://127.0.0.1:${port}`,
    received: [],
    preflights: 0,
    stored: () => collector.received.filter(({ status }) => status < 300).flatMap(({ events }) => events),
    names: () => collector.stored().map(({ event }) => event),
    answer: accept,
    page: '<!doctype html><title>page</title><script async src="/v1/a.js" data-key="pk_test_1"></script>',
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return collector
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean, what: string, ms = 8000): Promise<void> {
  const end = Date.now() + ms
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Waited ${ms} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
