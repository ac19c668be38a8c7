import { request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Analytics, AnalyticsError, createAnalytics, type EventStore } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { storedEvent } from '@millimetric/core/testing'
import { EXPORT_COLUMNS, type ExportRow } from '@millimetric/schema/wire'
import { afterEach, describe, expect, test } from 'vitest'
import { serve, type TestServer } from '../control/server.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Bench {
  analytics: Analytics
  server: TestServer
  store: EventStore
  project_id: string
  keys: { pk: string; rk: string }
  /** Pages that were asked for. */
  asked: () => number
  heard: unknown[]
}

/** `page` may stand in the way of each page. */
async function start(
  page: (n: number, signal: AbortSignal | undefined) => Promise<void> = async () => {},
): Promise<Bench> {
  const memory = memoryEvents()
  let asked = 0
  const store: EventStore = {
    ...memory,
    async query(plan, options) {
      if (plan.kind === 'export') await page(asked++, options?.signal)
      return await memory.query(plan, options)
    },
  }
  const heard: unknown[] = []
  const analytics = createAnalytics({
    events: store,
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: (diagnostic) => void heard.push(diagnostic),
  })
  const server = await serve(analytics)
  ends.push(() => analytics.close(), server.close)
  const { project, keys } = await analytics.projects.create({ slug: 'p', timezone: 'America/New_York' })
  return { analytics, server, store, project_id: project.id, keys, asked: () => asked, heard }
}

async function fill({ store, project_id }: Bench, count: number, fields: object = {}): Promise<void> {
  const events = Array.from({ length: count }, (_, n) =>
    storedEvent({ project_id, event_id: `e${n}`, timestamp: NOW - count + n, ...fields }),
  )
  await store.insert({ token: `fill ${count}`, events })
}

async function all(rows: AsyncIterable<ExportRow>): Promise<ExportRow[]> {
  const found: ExportRow[] = []
  for await (const row of rows) found.push(row)
  return found
}

describe('in process', () => {
  test('every event, oldest first, a page at a time', async () => {
    const bench = await start()
    await fill(bench, 4001)
    const rows = await all(bench.analytics.export())
    expect(rows.map(({ event_id }) => event_id)).toEqual(Array.from({ length: 4001 }, (_, n) => `e${n}`))
    expect(bench.asked()).toBe(3)
  })

  test('a range, in the zone of the project, and filters', async () => {
    const bench = await start()
    await bench.analytics.batch([
      { event: 'a', anonymous_id: 'v', event_id: '1', timestamp: '2026-05-15T03:59:59Z' },
      { event: 'a', anonymous_id: 'v', event_id: '2', timestamp: '2026-05-15T04:00:00Z' },
      { event: 'b', anonymous_id: 'v', event_id: '3', timestamp: '2026-05-15T05:00:00Z' },
    ])
    const ids = async (params: object): Promise<string[]> =>
      (await all(bench.analytics.export(params))).map(({ event_id }) => event_id)
    expect(await ids({ from: '2026-05-15', to: '2026-05-16' })).toEqual(['2', '3'])
    expect(await ids({ range: '2d', event: 'b' })).toEqual(['3'])
    expect(await ids({ filters: { field: 'event_name', op: 'is', value: 'a' } })).toEqual(['1', '2'])
  })

  test('leaving the loop reads no more', async () => {
    const bench = await start()
    await fill(bench, 6000)
    for await (const row of bench.analytics.export()) if (row.event_id === 'e10') break
    expect(bench.asked()).toBe(1)
    const wrong = all(bench.analytics.export({ range: 'fortnight' }))
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_params' })
  })

  test.each([
    ['in the middle of a page', 6000, 10],
    ['at the end of a page', 6000, 1999],
    ['in the middle of the last page', 100, 10],
    ['at the very last row', 100, 99],
  ])('a signal ends it %s, and never as if it were whole', async (_name, stored, last) => {
    const bench = await start()
    await fill(bench, stored)
    const leaving = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const { event_id } of bench.analytics.export({}, { signal: leaving.signal })) {
        seen.push(event_id)
        if (event_id === `e${last}`) leaving.abort(new Error('enough'))
      }
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(seen.length).toBe(last + 1)
    expect(bench.asked()).toBe(1)
  })
})

describe('over HTTP', () => {
  test('ndjson has the rows of the call in process', async () => {
    const bench = await start()
    await fill(bench, 2100, { properties: '{"text":"line\\nbreak \\u2028 ü"}' })
    const { server, keys, analytics } = bench
    const answer = await server.ask('GET', '/v1/export', { key: keys.rk })
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
    const lines = answer.text.split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual(await all(analytics.export()))
  })

  test('csv by RFC 4180, with nothing that a spreadsheet runs', async () => {
    const bench = await start()
    const { server, keys, store, project_id } = bench
    await store.insert({
      token: 't',
      events: [
        storedEvent({
          project_id,
          event_id: '-1',
          timestamp: NOW,
          path: '=HYPERLINK("http://evil.test","x")',
          campaign: '+1,2',
          term: '@SUM(A1)',
          content: '\tcmd',
          referrer: 'two\r\nlines',
          browser: 'a - b',
          properties: '{"a":"b, \\"c\\""}',
        }),
      ],
    })
    const answer = await server.ask('GET', '/v1/export?format=csv', { key: keys.rk })
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="events.csv"')
    const [header, first, ...rest] = answer.text.split('\r\n')
    expect(header).toBe(EXPORT_COLUMNS.join(','))
    expect([first, ...rest].join('\r\n')).toBe(
      "2026-05-16T12:00:00.000Z,2026-05-16T12:00:00.000Z,,0,'-1,$pageview,visitor,,visitor-988296,https://site.test/,site.test," +
        '"\'=HYPERLINK(""http://evil.test"",""x"")","two\r\nlines",,direct,direct,"\'+1,2",\'@SUM(A1),\'\tcmd,direct,' +
        'high,direct,DE,desktop,a - b,linux,false,,,"{""a"":""b, \\""c\\""""}"\r\n',
    )
  })

  test('an empty export: no line, or the header alone', async () => {
    const { server, keys } = await start()
    expect((await server.ask('GET', '/v1/export', { key: keys.rk })).text).toBe('')
    expect((await server.ask('GET', '/v1/export?format=csv', { key: keys.rk })).text).toBe(
      `${EXPORT_COLUMNS.join(',')}\r\n`,
    )
  })

  test.each([
    ['a format', 'format=xml', 'invalid_params'],
    ['an unknown parameter', 'formt=csv', 'invalid_params'],
    ['a range', 'range=fortnight', 'invalid_params'],
  ])('a mistake in %s is told before anything is sent', async (_name, search, code) => {
    const { server, keys } = await start()
    const answer = await server.ask('GET', `/v1/export?${search}`, { key: keys.rk })
    expect([answer.status, answer.body.error]).toEqual([400, code])
    expect((await server.ask('GET', '/v1/export', { key: keys.pk })).status).toBe(403)
  })

  test('HEAD has the headers and reads no second page', async () => {
    const bench = await start()
    await fill(bench, 3000)
    const answer = await bench.server.ask('HEAD', '/v1/export', { key: bench.keys.rk })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(bench.asked()).toBe(1)
  })

  test('a failure before the first page is an answer, a later one breaks the answer off', async () => {
    const failing = { at: 0 }
    const bench = await start(async (n) => {
      if (n >= failing.at) throw new AnalyticsError('storage_unavailable', 'gone', { retryAfter: 5 })
    })
    await fill(bench, 5000)
    const { server, keys } = bench
    expect((await server.ask('GET', '/v1/export', { key: keys.rk })).status).toBe(503)
    failing.at = bench.asked() + 1
    const answer = await fetch(`${server.url}/v1/export`, { headers: { authorization: `Bearer ${keys.rk}` } })
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
  })

  function ask({ server, keys }: Bench): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(`${server.url}/v1/export`, {
        agent: false,
        headers: { authorization: `Bearer ${keys.rk}` },
      })
      sent.on('response', (answer) => resolve(answer.pause())).on('error', reject)
      sent.end()
    })
  }

  test('a slow reader is not run over, and gets all of it', async () => {
    const bench = await start()
    await fill(bench, 8000, { properties: JSON.stringify({ text: 'x'.repeat(8000) }) })
    const answer = await ask(bench)
    let before = -1
    for (; before !== bench.asked(); await sleep(300)) before = bench.asked()
    expect(before).toBeLessThan(3)
    let lines = 0
    for await (const chunk of answer) lines += String(chunk).split('\n').length - 1
    expect(lines).toBe(8000)
    expect(bench.asked()).toBe(4)
  })

  test('a reader who leaves ends the page that is being read', async () => {
    const stopped: unknown[] = []
    const bench = await start(async (n, signal) => {
      if (n === 0) return
      await new Promise<void>((_, reject) => {
        signal?.addEventListener('abort', () => {
          stopped.push(signal.reason)
          reject(signal.reason)
        })
      })
    })
    await fill(bench, 3000)
    const answer = await ask(bench)
    answer.resume()
    await expect.poll(() => bench.asked()).toBe(2)
    answer.destroy()
    await expect.poll(() => stopped.length).toBe(1)
    expect(bench.heard).toEqual([])
  })

  test('so does a body that is cancelled, where nobody tells the request', async () => {
    const stopped: unknown[] = []
    const bench = await start(async (n, signal) => {
      if (n === 0) return
      await new Promise<void>((_, reject) => {
        signal?.addEventListener('abort', () => {
          stopped.push(signal.reason)
          reject(signal.reason)
        })
      })
    })
    await fill(bench, 2001, { properties: JSON.stringify({ text: 'x'.repeat(100) }) })
    const answer = await bench.analytics.handler(
      new Request('http://a/v1/export', { headers: { authorization: `Bearer ${bench.keys.rk}` } }),
    )
    const reader = answer.body?.getReader()
    const reading = (async () => {
      while ((await reader?.read())?.done === false);
    })()
    await expect.poll(() => bench.asked()).toBe(2)
    await reader?.cancel('enough').catch(() => {})
    await reading
    expect(stopped).toEqual(['enough'])
  })
})
