import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { toNodeHandler } from '@millimetric/adapters/node'
import { type Analytics, createAnalytics, type Diagnostic } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

const EVENT = '{"event":"e","anonymous_id":"a"}'
const diagnostics: Diagnostic[] = []
const onDiagnostic = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic)
let analytics: Analytics
let server: Server
let sk: string

beforeAll(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    bodyTimeoutMs: 200,
    onDiagnostic,
  })
  sk = (await analytics.projects.create({ slug: 'p' })).keys.sk
  server = createServer(toNodeHandler(analytics))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await analytics.close()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Sends a head and the begin of a body, then goes on as told; what came back when the server has closed. */
function stall(
  head: readonly string[],
  begin: string | Uint8Array,
  more?: (write: (text: string) => void) => () => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    let stop = (): void => {}
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write(
        `${['POST /v1/track HTTP/1.1', 'Host: x', `Authorization: Bearer ${sk}`, ...head].join('\r\n')}\r\n\r\n`,
      )
      socket.write(begin)
      stop = more?.((part) => void socket.write(part)) ?? stop
    })
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => {
      stop()
      resolve(text)
    })
  })
}

function dribble(write: (text: string) => void): () => void {
  const timer = setInterval(() => write(' '), 20)
  return () => clearInterval(timer)
}

describe('a body that does not come is answered 408, and its connection is closed', () => {
  const zipped = gzipSync(EVENT)
  it.each<[string, string[], string | Uint8Array, typeof dribble | undefined]>([
    ['less than announced', ['Content-Length: 500'], '{"event"', undefined],
    ['nothing at all', ['Content-Length: 500'], '', undefined],
    ['a byte now and then', ['Content-Length: 500'], '{', dribble],
    ['chunks without an end', ['Transfer-Encoding: chunked'], '5\r\n{"eve\r\n', undefined],
    [
      'half a gzip',
      [`Content-Length: ${zipped.length}`, 'Content-Encoding: gzip'],
      zipped.subarray(0, 20),
      undefined,
    ],
  ])('%s', async (_name, head, begin, more) => {
    const text = await stall(head, begin, more)
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(text).toContain('"error":"request_timeout"')
    expect(text.toLowerCase()).toContain('connection: close')
    expect(diagnostics).toEqual([])
  })

  it('the next request is served', async () => {
    const { port } = server.address() as AddressInfo
    const headers = { authorization: `Bearer ${sk}` }
    const answer = await fetch(`http://127.0.0.1:${port}/v1/track`, { method: 'POST', headers, body: EVENT })
    expect(answer.status).toBe(202)
  })
})

it('by default nothing is waited for longer than 5 seconds, and a whole body 10', async () => {
  const patient = createAnalytics({ events: memoryEvents(), keys: memoryKeys(), onDiagnostic })
  const { keys } = await patient.projects.create({ slug: 'p' })
  vi.useFakeTimers()
  for (const [every, ends] of [
    [undefined, 5_000],
    [4_000, 10_000],
  ] as const) {
    let cancelled = false
    let timer: ReturnType<typeof setInterval> | undefined
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        if (every !== undefined) timer = setInterval(() => controller.enqueue(new Uint8Array([32])), every)
      },
      cancel() {
        cancelled = true
        clearInterval(timer)
      },
    })
    const request = new Request('http://x/v1/track', {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.sk}` },
      body,
      duplex: 'half',
    } as RequestInit)
    let answer: Response | undefined
    const work = patient.handler(request).then((got) => {
      answer = got
    })
    await vi.advanceTimersByTimeAsync(ends - 1)
    expect([answer, cancelled]).toEqual([undefined, false])
    await vi.advanceTimersByTimeAsync(1)
    await work
    expect(answer?.status).toBe(408)
    expect(cancelled).toBe(true)
  }
  vi.useRealTimers()
  await patient.close()
})
