import { createClient } from '@clickhouse/client'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { FULL } from '../../../../scripts/test-run/measure.js'
import { freshDatabase } from './chdb-path.js'

let server: ClickhouseServer
let database: string
let analytics: Analytics
let diagnostics: string[]

beforeAll(async () => {
  server = await spawnClickhouseServer()
})
afterAll(async () => await server.close())
beforeEach(async () => {
  await server.clearFaults()
  database = freshDatabase()
  diagnostics = []
  analytics = createAnalytics({
    events: clickhouseEvents({ url: server.url, database }),
    keys: memoryKeys(),
    delivery: { retryDelaysMs: [1, 1, 1, 1], flushIntervalMs: 1 },
    onDiagnostic: ({ kind }) => diagnostics.push(kind),
  })
  await analytics.projects.create({ slug: 'shop' })
  await analytics.stats({ range: 'today' })
})

const event = (id: string): { event: string; event_id: string; anonymous_id: string; timestamp: number } => ({
  event: 'e',
  event_id: id,
  anonymous_id: `v${id.length}`,
  timestamp: Date.now() - 1000,
})

/** Events as every table holds them. */
async function counts(): Promise<Record<string, number>> {
  const client = createClient({ url: server.url, database })
  const one = async (query: string): Promise<number> => {
    const answer = await client.query({ query, format: 'JSONEachRow' })
    const [row] = await answer.json<{ n: string | number }>()
    return Number(row?.n)
  }
  const found = {
    stored: await one('SELECT count() AS n FROM events'),
    unique: await one('SELECT uniqExact(event_id) AS n FROM events'),
    ids: await one('SELECT count() AS n FROM event_ids'),
    marks: await one('SELECT sum(rows) AS n FROM marks'),
    sessions: await one('SELECT sum(events) AS n FROM sessions_v'),
  }
  await client.close()
  return found
}

test.runIf(FULL)('lost acknowledgements: every table holds each accepted event once', async () => {
  const accepted: string[] = []
  for (let batch = 0; batch < 40; batch++) {
    if (batch % 3 === 0) await server.fault({ mode: 'cut_ack', match: 'INSERT INTO', times: 1 + (batch % 2) })
    const { results } = await analytics.batch(
      Array.from({ length: 25 }, (_, n) => event(`${batch}-${n}-${'x'.repeat(n % 7)}`)),
    )
    for (const receipt of results) if (receipt.ok) accepted.push(receipt.event_id)
  }
  const n = 1000
  expect(accepted.length).toBe(n)
  expect(await counts()).toEqual({ stored: n, unique: n, ids: n, marks: n, sessions: n })
  expect(diagnostics.filter((kind) => kind === 'insert_failed').length).toBeGreaterThan(10)
})

test('a caller that tries again after a failure counts once', async () => {
  // The rows are stored, but every answer is lost until the writer gives up.
  await server.fault({ mode: 'cut_ack', match: 'INSERT INTO', times: 5 })
  const first = await analytics.track(event('again'))
  expect(first).toMatchObject({ ok: false, status: 'failed', code: 'storage_unavailable' })
  expect(await analytics.track(event('again'))).toMatchObject({ ok: true, status: 'duplicate' })
  expect(await counts()).toMatchObject({ stored: 1, marks: 1, sessions: 1 })
})

test('a server that is away: 503 with Retry-After over HTTP, and nothing is acknowledged', async () => {
  const { keys } = await analytics.projects.create({ slug: 'away' })
  await server.fault({ mode: 'refuse', times: 100 })
  const request = (): Request =>
    new Request('http://host.test/v1/track', {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.sk}` },
      body: JSON.stringify(event('away')),
    })
  const answer = await analytics.handler(request())
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await answer.json()).toMatchObject({ error: 'storage_unavailable' })
  await server.clearFaults()
  const again = await analytics.handler(request())
  expect([again.status, await again.json()]).toMatchObject([202, { status: 'stored' }])
})

test('a server that refuses for load is asked again, one that refuses the content is not', async () => {
  await server.fault({ mode: 'error', match: 'INSERT INTO', code: 252, name: 'TOO_MANY_PARTS', status: 500 })
  await analytics.track(event('poison'))
  const refusals = diagnostics.filter((kind) => kind === 'insert_failed').length
  expect(refusals).toBe(1)
  diagnostics.length = 0
  await server.fault({ mode: 'error', match: 'INSERT INTO', times: 2 })
  expect(await analytics.track(event('busy'))).toMatchObject({ ok: true })
  expect(diagnostics).toEqual(['insert_failed', 'insert_failed'])
})

test('reads while the server is away say so, without a word of the engine', async () => {
  await server.fault({ mode: 'refuse', times: 10 })
  await expect(analytics.stats({ range: 'today' })).rejects.toMatchObject({
    code: 'storage_unavailable',
    retryAfter: 5,
  })
})

test('close() delivers what waits and then refuses', async () => {
  const slow = createAnalytics({
    events: clickhouseEvents({ url: server.url, database }),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 60_000 },
  })
  await slow.projects.create({ slug: 'slow' })
  // Opens the store and asks who was erased, so that what follows only waits for company.
  await slow.stats({ range: 'today' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  const waiting = slow.track(event('last'))
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await slow.close()).toEqual({ undelivered: 0 })
  expect(await waiting).toMatchObject({ ok: true, status: 'stored' })
  expect(await slow.track(event('too late'))).toMatchObject({ ok: false, code: 'shutting_down' })
  expect(await slow.close()).toEqual({ undelivered: 0 })
})
