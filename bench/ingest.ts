import { randomUUID } from 'node:crypto'
import { type Analytics, createAnalytics, type StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { createEnricher } from '../packages/core/src/ingest/enrich.js'
import { createUserAgentReader } from '../packages/core/src/ingest/user-agent.js'
import { validateEvent } from '../packages/core/src/ingest/validate.js'
import type { Connections } from '../packages/core/src/stores/clickhouse/client.js'
import { ask, command, withEngine } from './measure/engine.js'
import { figure, requireEqual } from './measure/figures.js'
import { type Cost, costOf, middle, type Race, raceOf, turned } from './measure/race.js'

const BATCH = 1000
const WARM_UP = 10
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
function typicalEvents(round: number) {
  return Array.from({ length: BATCH }, (_, n) => ({
    event: n % 5 === 0 ? 'added_to_cart' : '$pageview',
    event_id: randomUUID(),
    timestamp: Date.now() - ((n * 7919 + round * 104_729) % 259_200_000),
    anonymous_id: `visitor-${(n * 31 + round) % 400}`,
    url: PAGES[n % PAGES.length] ?? '',
    referrer: REFERRERS[n % REFERRERS.length] ?? '',
    properties: { product_id: `p${n % 50}`, quantity: n % 3, price_cents: 1999, currency: 'EUR' },
  }))
}

interface Contender {
  name: string
  /** Rows that one call handles. */
  rows: number
  /** Makes what one call sends, which is not counted. */
  prepare(round: number): () => Promise<unknown>
}

/** What a row costs each in the middle; calls take turns, so that a slow minute hits all alike. */
async function compare(contenders: readonly Contender[], rounds: number): Promise<Race> {
  const costs = new Map<string, Cost[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const { name, rows, prepare } of turned(contenders, round)) {
      const { wall, cpu } = await costOf(prepare(round))
      if (round >= WARM_UP) costs.get(name)?.push({ wall: wall / rows, cpu: cpu / rows })
    }
  }
  return raceOf(new Map([...costs].map(([name, list]) => [name, middle(list)])))
}

/** Rows or events a second. */
function speed(msOfOne: number): number {
  return 1000 / msOfOne
}

function printSpeeds(title: string, race: Race, names: readonly string[], base: string): void {
  console.log(`\n${title}`)
  console.table(
    Object.fromEntries(
      names.map((name) => [
        name,
        {
          'a second': Math.round(speed(race.of(name).wall)),
          'a second of CPU': Math.round(speed(race.of(name).cpu)),
          [`to ${base}`]: Number(race.ratio(base, name).wall.toFixed(2)),
          'by CPU': Number(race.ratio(base, name).cpu.toFixed(2)),
        },
      ]),
    ),
  )
}

const ENRICH = 'validate, classify, user agent, hash, session'

async function benchEnrich(rounds: number): Promise<void> {
  const analytics = createAnalytics({
    events: { ...memoryEvents(), insert: async () => {}, known: async () => new Map<string, number>() },
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0, maxBatchRows: BATCH },
  })
  const { project } = await analytics.projects.create({ slug: 'bench' })
  const batches = Array.from({ length: 20 }, (_, round) => typicalEvents(round))
  const [userAgent = ''] = AGENTS
  const deps = {
    salts: { today: async () => 'ab'.repeat(32) },
    readUserAgent: createUserAgentReader(1000),
    country: undefined,
    classifier: undefined,
  }
  const request = { ip: '203.0.113.7', userAgent, requestHost: '', headers: undefined, trusted: true }

  async function enrichAll(events: readonly unknown[]): Promise<StoredEvent[]> {
    const receivedAt = Date.now()
    const enrich = await createEnricher(deps, request)
    const stored: StoredEvent[] = []
    for (const [seq, event] of events.entries()) {
      const valid = validateEvent(event, { receivedAt, sentAt: undefined, retentionDays: null })
      if (!valid.ok) throw new Error(valid.message)
      const made = enrich(valid.event, seq, receivedAt, project.id)
      stored.push(made instanceof Promise ? await made : made)
    }
    return stored
  }

  const of = (round: number) => batches[round % batches.length] ?? []
  const race = await compare(
    [
      { name: ENRICH, rows: BATCH, prepare: (round) => async () => await enrichAll(of(round)) },
      {
        name: 'all of analytics.batch, into nothing',
        rows: BATCH,
        prepare: (round) => async () =>
          await analytics.batch(of(round), { ip: request.ip, userAgent: request.userAgent }),
      },
      {
        name: 'JSON.parse(JSON.stringify(event))',
        rows: BATCH,
        prepare: (round) => async () => of(round).map((event) => JSON.parse(JSON.stringify(event))),
      },
    ],
    rounds,
  )
  const names = [ENRICH, 'all of analytics.batch, into nothing', 'JSON.parse(JSON.stringify(event))']
  printSpeeds('Events in process, without I/O', race, names, ENRICH)
  figure('enrich path, events a second of CPU', speed(race.of(ENRICH).cpu), { atLeast: 100_000 })
  await analytics.close()
}

const BARE = 'bare client.insert, same table and views'
const PLAIN = 'bare client.insert, a copy without views'
const ONE = 'POST /v1/batch, one at a time'
const FOUR = 'POST /v1/batch, four at a time'

async function benchBatch(engine: Connections, path: string, rounds: number): Promise<void> {
  const prepared: StoredEvent[] = []
  // Tables of their own for each, so that none gets more rows a round than its share.
  const one = await openHandler(path, 'one', (events) => prepared.push(...events))
  const four = await openHandler(path, 'four', () => {})
  const bare = chdbEvents({ path, database: 'bare' })
  await bare.migrate()
  await command(
    engine,
    `CREATE TABLE bare.plain AS bare.events ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (project_id, timestamp, event_id)`,
  )
  await one.post(one.request(0))
  await four.post(four.request(0))
  const { createClient } = await import('@clickhouse/client')
  const { createChdbConnection } = await import('chdb/connection')
  const client = createClient({ connection: createChdbConnection({ path }) as never })
  const sent = { events: 0, plain: 0 }
  const insertInto = (table: 'events' | 'plain') => () => {
    sent[table] += BATCH
    // Ids of their own: the tables forget a block that equals one they have.
    const values = prepared.map((event) => ({
      ...event,
      event_id: randomUUID(),
      timestamp: textTime(event.timestamp),
      received_at: textTime(event.received_at),
    }))
    return async () => await client.insert({ table: `bare.${table}`, values, format: 'JSONEachRow' })
  }
  const race = await compare(
    [
      { name: BARE, rows: BATCH, prepare: insertInto('events') },
      { name: PLAIN, rows: BATCH, prepare: insertInto('plain') },
      {
        name: ONE,
        rows: BATCH,
        prepare(round) {
          const asked = one.request(round)
          return async () => await one.post(asked)
        },
      },
      {
        name: FOUR,
        rows: 4 * BATCH,
        prepare(round) {
          const asked = [0, 1, 2, 3].map((n) => four.request(round * 4 + n))
          return async () => await Promise.all(asked.map(four.post))
        },
      },
    ],
    rounds,
  )
  const title = '1000 typical events a request, chDB on disk'
  printSpeeds(title, race, [BARE, PLAIN, ONE, FOUR], BARE)
  for (const table of ['events', 'plain'] as const) {
    const [stored] = await ask<{ rows: number }>(engine, `SELECT count() AS rows FROM bare.${table}`)
    requireEqual(`rows of the bare insert into ${table}`, stored?.rows, sent[table])
  }
  const rate = (name: string): number => race.ratio(BARE, name).wall * 100
  figure('one at a time, rows a second to a bare insert', rate(ONE), { atLeast: 60 }, ' %')
  figure('four at a time, rows a second to a bare insert', rate(FOUR), { atLeast: 60 }, ' %')
  await client.close()
  await one.analytics.close()
  await four.analytics.close()
  await bare.close()
}

async function openHandler(
  path: string,
  database: string,
  onFirst: (events: readonly StoredEvent[]) => void,
): Promise<{
  analytics: Analytics
  request(round: number): Request
  post(asked: Request): Promise<void>
}> {
  const store = chdbEvents({ path, database })
  let seen = false
  const analytics = createAnalytics({
    events: {
      ...store,
      async insert(batch) {
        if (!seen) onFirst(batch.events)
        seen = true
        await store.insert(batch)
      },
    },
    keys: memoryKeys(),
    rateLimits: { batch: null },
  })
  const { keys } = await analytics.projects.create({ slug: 'bench' })
  return {
    analytics,
    request: (round) =>
      new Request('http://host.test/v1/batch', {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.sk}`, 'user-agent': AGENTS[round % AGENTS.length] ?? '' },
        body: JSON.stringify({ events: typicalEvents(round) }),
      }),
    async post(asked) {
      const answer = await analytics.handler(asked)
      if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`)
    },
  }
}

function textTime(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
}

/** `npm run bench -- ingest [rounds]`; 100 by default. */
export async function run([size]: string[]): Promise<void> {
  const rounds = Number(size ?? 100)
  await benchEnrich(rounds * 3)
  await withEngine(async (engine, path) => await benchBatch(engine, path, rounds))
}
