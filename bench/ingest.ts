import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAnalytics, type StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'

const BATCH = 1000
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
]
const PAGES = [
  'https://shop.test/?utm_source=facebook&utm_medium=cpc&utm_campaign=spring&fbclid=abc',
  'https://shop.test/products/42',
  'https://shop.test/blog/how-to?ref=newsletter',
  'https://shop.test/cart',
]
const REFERRERS = [
  'https://www.google.com/',
  '',
  'https://l.facebook.com/',
  'https://news.ycombinator.com/item?id=1',
]

/** A thousand typical events: 330 bytes each, ids set by the client, three days. */
function typicalEvents(round: number): Record<string, unknown>[] {
  return Array.from({ length: BATCH }, (_, n) => ({
    event: n % 5 === 0 ? 'added_to_cart' : '$pageview',
    event_id: randomUUID(),
    timestamp: Date.now() - ((n * 7919 + round * 104_729) % 259_200_000),
    anonymous_id: `visitor-${(n * 31 + round) % 400}`,
    url: PAGES[n % PAGES.length],
    referrer: REFERRERS[n % REFERRERS.length],
    properties: { product_id: `p${n % 50}`, quantity: n % 3, price_cents: 1999, currency: 'EUR' },
  }))
}

interface Case {
  name: string
  /** Rows that one call handles. */
  rows: number
  /** Makes what one call sends, which is not counted. */
  prepare(round: number): () => Promise<unknown>
}

const WARM_UP = 10

/** Milliseconds of one call in the middle, by rows; calls of all cases take turns, so that a slow minute hits all alike. */
async function compare(cases: readonly Case[], rounds: number): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(cases.map(({ name }) => [name, []]))
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const at of cases.keys()) {
      const one = cases[(at + round) % cases.length]
      if (one === undefined) continue
      const call = one.prepare(round)
      const start = performance.now()
      await call()
      if (round >= WARM_UP) times.get(one.name)?.push(performance.now() - start)
    }
  }
  return new Map(cases.map(({ name, rows }) => [name, (rows / median(times.get(name) ?? [])) * 1000]))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function print(title: string, speeds: Map<string, number>, baseline: string): void {
  const base = speeds.get(baseline) ?? 1
  console.log(`\n${title}`)
  console.table(
    Object.fromEntries(
      [...speeds].map(([name, speed]) => [
        name,
        { 'rows/s': Math.round(speed), [`ratio to ${baseline}`]: Number((speed / base).toFixed(2)) },
      ]),
    ),
  )
}

async function benchEnrich(): Promise<void> {
  const analytics = createAnalytics({
    events: { ...memoryEvents(), insert: async () => {}, known: async () => new Map<string, number>() },
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0, maxBatchRows: BATCH },
  })
  await analytics.projects.create({ slug: 'bench' })
  const batches = Array.from({ length: 20 }, (_, round) => typicalEvents(round))
  const context = { ip: '203.0.113.7', userAgent: AGENTS[0] ?? '' }
  const speeds = await compare(
    [
      {
        name: 'validate, classify, user agent, hash, session',
        rows: BATCH,
        prepare: (round) => async () =>
          await analytics.batch((batches[round % batches.length] ?? []) as never, context),
      },
      {
        name: 'JSON.parse(JSON.stringify(event))',
        rows: BATCH,
        prepare: (round) => async () =>
          batches[round % batches.length]?.map((event) => JSON.parse(JSON.stringify(event))),
      },
    ],
    300,
  )
  print('In-process path without I/O, one core', speeds, 'JSON.parse(JSON.stringify(event))')
}

async function benchBatch(): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'millimetric-bench-'))
  const prepared: StoredEvent[] = []
  const through = chdbEvents({ path, database: 'through_http' })
  const bare = chdbEvents({ path, database: 'bare' })
  await bare.migrate()
  const analytics = createAnalytics({
    events: {
      ...through,
      async insert(batch) {
        if (prepared.length === 0) prepared.push(...batch.events)
        await through.insert(batch)
      },
    },
    keys: memoryKeys(),
    rateLimits: { batch: null },
  })
  const { keys } = await analytics.projects.create({ slug: 'bench' })
  const request = (round: number): Request =>
    new Request('http://host.test/v1/batch', {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.sk}`, 'user-agent': AGENTS[round % AGENTS.length] ?? '' },
      body: JSON.stringify({ events: typicalEvents(round) }),
    })
  const post = async (asked: Request): Promise<void> => {
    const answer = await analytics.handler(asked)
    if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`)
  }
  await post(request(0))
  const engine = await acquireEngine(path)
  const { createClient } = await import('@clickhouse/client')
  const { createChdbConnection } = await import('chdb/connection')
  const client = createClient({ connection: createChdbConnection({ path }) as never })
  let sent = 0
  const speeds = await compare(
    [
      {
        name: 'bare client.insert',
        rows: BATCH,
        prepare() {
          sent += BATCH
          // Ids of their own: the tables forget a block that equals one they have.
          const values = prepared.map((event) => ({
            ...event,
            event_id: randomUUID(),
            timestamp: new Date(event.timestamp).toISOString().replace('T', ' ').replace('Z', ''),
            received_at: new Date(event.received_at).toISOString().replace('T', ' ').replace('Z', ''),
          }))
          return async () => await client.insert({ table: 'bare.events', values, format: 'JSONEachRow' })
        },
      },
      {
        name: 'POST /v1/batch, one at a time',
        rows: BATCH,
        prepare(round) {
          const asked = request(round)
          return async () => await post(asked)
        },
      },
      {
        name: 'POST /v1/batch, four at a time',
        rows: 4 * BATCH,
        prepare(round) {
          const asked = [0, 1, 2, 3].map((n) => request(round * 4 + n))
          return async () => await Promise.all(asked.map(post))
        },
      },
    ],
    100,
  )
  print('1000 typical events a request, chDB on disk, same tables and views', speeds, 'bare client.insert')
  const counted = await engine.writer.query({
    query: 'SELECT count() AS rows FROM bare.events',
    format: 'JSONEachRow',
  })
  const [stored] = await counted.json<{ rows: number }>()
  if (Number(stored?.rows) !== sent)
    throw new Error(`The bare insert stored ${stored?.rows} of ${sent} rows.`)
  await client.close()
  await engine.close()
  await analytics.close()
  await bare.close()
  rmSync(path, { recursive: true, force: true })
}

export async function run(): Promise<void> {
  await benchEnrich()
  await benchBatch()
}
