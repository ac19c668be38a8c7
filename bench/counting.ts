import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'
import type { Connections } from '../packages/core/src/stores/clickhouse/client.js'

const DAY = 86_400_000
const NOW = Math.floor(Date.now() / DAY) * DAY
const PROJECT = '33333333-3333-4333-8333-333333333333'

interface Bench {
  engine: Connections
  store: ReturnType<typeof chdbEvents>
  rows: number
}

/** Milliseconds of the median of `times` runs, all cases interleaved. */
async function race(
  cases: Record<string, () => Promise<unknown>>,
  times: number,
): Promise<Map<string, number>> {
  const taken = new Map<string, number[]>()
  for (let round = 0; round <= times; round++) {
    for (const [name, run] of Object.entries(cases)) {
      const start = performance.now()
      await run()
      // The first round warms the caches of all alike.
      if (round > 0) taken.set(name, [...(taken.get(name) ?? []), performance.now() - start])
    }
  }
  return new Map(
    [...taken].map(([name, list]) => [
      name,
      list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0,
    ]),
  )
}

function print(title: string, taken: Map<string, number>): void {
  const [first] = taken.values()
  console.log(`\n${title}`)
  console.table(
    Object.fromEntries(
      [...taken].map(([name, ms]) => [
        name,
        { ms: Number(ms.toFixed(1)), 'times the first': Number((ms / (first ?? 1)).toFixed(2)) },
      ]),
    ),
  )
}

async function command(engine: Connections, query: string): Promise<void> {
  await engine.writer.command({ query })
}

async function ask(engine: Connections, query: string): Promise<unknown[]> {
  return await (await engine.readers[0].query({ query, format: 'JSONEachRow' })).json()
}

/** Events of one project straight into the table, through all views: `days` days, a tenth of `rows` visitors. */
async function fill({ engine, store, rows }: Bench, database: string, days: number): Promise<void> {
  await store.migrate()
  const slice = 1_000_000
  for (let from = 0; from < rows; from += slice) {
    await command(
      engine,
      `INSERT INTO ${database}.events (project_id, event_id, event_name, timestamp, received_at, seq, batch, anonymous_id,
  session_id, path, source, medium, channel, source_confidence, is_bot, properties)
SETTINGS async_insert=0, max_partitions_per_insert_block=0, insert_deduplication_token='fill-${from}'
SELECT '${PROJECT}', concat('e', toString(n)), if(n % 3 = 0, 'click', '$pageview'), at, at, 0, 1, visitor,
  concat(visitor, '-', toString(intDiv(toUnixTimestamp64Milli(at), 1800000))), concat('/p', toString(n % 200)),
  ['google', 'direct', 'facebook', 'bing', 'news'][n % 5 + 1], ['organic', 'direct', 'paid', 'organic', 'email'][n % 5 + 1],
  ['organic_search', 'direct', 'paid_social', 'organic_search', 'email'][n % 5 + 1], 'high', false, '{}'
FROM (
  SELECT number + ${from} AS n, concat('v', toString(cityHash64(intDiv(n, 5)) % ${Math.floor(rows / 10)})) AS visitor,
    toDateTime64(${(NOW - days * DAY) / 1000} + (cityHash64(intDiv(n, 5), 7) % ${days * 86_400 - 7200}) + (n % 5) * 400, 3, 'UTC') AS at
  FROM numbers(${slice})
)`,
    )
    process.stderr.write(`\r${Math.min(from + slice, rows).toLocaleString()} rows`)
  }
  process.stderr.write('\n')
  // As if it had come an hour ago: what is younger than the last sweep is looked at for twins on every question.
  for (const table of ['events', 'event_ids']) {
    await command(
      engine,
      `ALTER TABLE ${database}.${table} UPDATE stored_at = stored_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync=2`,
    )
  }
  await store.removeTwins()
}

async function benchRollup(engine: Connections, path: string, rows: number): Promise<void> {
  const database = 'bench_rollup'
  const store = chdbEvents({ path, database })
  await fill({ engine, store, rows }, database, 90)
  await command(
    engine,
    `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`,
  )
  const days = Array.from({ length: 91 }, (_, n) => NOW - (90 - n) * DAY)
  const built = await store.buildDays(
    PROJECT,
    days.slice(0, -1).map((start) => ({ start, end: start + DAY })),
  )
  console.log(`${built} days built`)
  const plan = (metric: 'count' | 'uniques', raw: boolean) =>
    ({
      kind: 'stats',
      project_id: PROJECT,
      from: NOW - 90 * DAY,
      to: NOW,
      filters: [],
      include_bots: false,
      limit: 100,
      metrics: [metric],
      goal: null,
      group_by: [],
      buckets: days.slice(0, -1),
      order_by: [],
      only: null,
      days: raw ? null : days,
      raw,
    }) as const
  const where = `project_id = '${PROJECT}' AND timestamp >= toDateTime(${(NOW - 90 * DAY) / 1000}) AND timestamp < toDateTime(${NOW / 1000}) AND NOT is_bot`
  for (const metric of ['count', 'uniques'] as const) {
    const [raw, rollup] = [
      await store.query<'stats'>(plan(metric, true)),
      await store.query<'stats'>(plan(metric, false)),
    ]
    if (JSON.stringify(raw.rows) !== JSON.stringify(rollup.rows)) throw new Error('rollup and raw differ')
    if (rollup.answered_by !== 'rollup') throw new Error('the rollup did not answer')
  }
  print(
    `Daily series of one project, ${rows.toLocaleString()} events, 90 days`,
    await race(
      {
        'count from the rollup': async () => await store.query<'stats'>(plan('count', false)),
        'count from raw events': async () => await store.query<'stats'>(plan('count', true)),
        'count from raw events, each id once (by hand)': async () =>
          await ask(
            engine,
            `SELECT toDate(timestamp) AS day, uniqExact(sipHash64(event_id)) FROM ${database}.events WHERE ${where} GROUP BY day ORDER BY day`,
          ),
        'visitors from the rollup': async () => await store.query<'stats'>(plan('uniques', false)),
        'visitors from raw events': async () => await store.query<'stats'>(plan('uniques', true)),
      },
      5,
    ),
  )
  await store.close()
}

async function benchSessions(engine: Connections, path: string, rows: number): Promise<void> {
  const database = 'bench_sessions'
  const store = chdbEvents({ path, database })
  await fill({ engine, store, rows }, database, 30)
  const plan = (raw: boolean) =>
    ({
      kind: 'stats',
      project_id: PROJECT,
      from: NOW - 30 * DAY,
      to: NOW,
      filters: [],
      include_bots: false,
      limit: 100,
      metrics: ['sessions', 'bounce_rate', 'session_duration', 'views_per_session'],
      goal: null,
      group_by: [],
      buckets: null,
      order_by: [],
      only: null,
      days: null,
      raw,
    }) as const
  const byFragment = `SELECT count() AS sessions FROM (
  SELECT started_at - lagInFrame(ended_at) OVER (PARTITION BY anonymous_id ORDER BY bucket ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 1800 AS opens FROM (
    SELECT anonymous_id, bucket, toUnixTimestamp(min(started_at)) AS started_at, toUnixTimestamp(max(ended_at)) AS ended_at,
      uniqExactIfMerge(pageviews) AS views, uniqExactIfMerge(others) AS rest
    FROM ${database}.sessions WHERE project_id = '${PROJECT}' AND NOT is_bot GROUP BY anonymous_id, session_id, bucket
  )
) WHERE opens`
  const byEvent = `SELECT count() AS sessions FROM (
  SELECT toUnixTimestamp64Milli(timestamp) - lagInFrame(toUnixTimestamp64Milli(timestamp)) OVER (PARTITION BY anonymous_id ORDER BY timestamp ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 1800000 AS opens
  FROM ${database}.events WHERE project_id = '${PROJECT}' AND NOT is_bot
) WHERE opens`
  const ours = await store.query<'stats'>(plan(false))
  const counted = [
    ours.rows[0]?.values[0],
    ...(await ask(engine, byFragment)),
    ...(await ask(engine, byEvent)),
  ]
  console.log('sessions counted:', JSON.stringify(counted))
  print(
    `Sessions, bounces, duration and views of a month, ${rows.toLocaleString()} events`,
    await race(
      {
        'sessions by hand from fragments': async () => await ask(engine, byFragment),
        'our sessions plan': async () => await store.query<'stats'>(plan(false)),
        'sessions by hand, event by event': async () => await ask(engine, byEvent),
      },
      3,
    ),
  )
  await store.close()
}

async function benchDedup(engine: Connections, path: string, ids: number): Promise<void> {
  const database = 'bench_dedup'
  const store = chdbEvents({ path, database })
  await store.migrate()
  const analytics = (events: EventStore): ReturnType<typeof createAnalytics> =>
    createAnalytics({ events, keys: memoryKeys(), delivery: { flushIntervalMs: 5 } })
  const [on, off] = [
    analytics({ ...store, close: async () => {} }),
    analytics({ ...store, known: async () => new Map(), close: async () => {} }),
  ]
  const projects = [await on.projects.create({ slug: 'on' }), await off.projects.create({ slug: 'off' })]
  for (const { project } of projects) {
    await command(
      engine,
      `INSERT INTO ${database}.event_ids SETTINGS async_insert=0, max_partitions_per_insert_block=0, insert_deduplication_token='ids-${project.id}'
SELECT '${project.id}', sipHash64(concat('old', toString(number))), 1, toDateTime64(${(NOW - 60 * DAY) / 1000} + number % 5000000, 3, 'UTC'), now64(3), 1, now64(3, 'UTC') - INTERVAL 1 HOUR
FROM numbers(${ids})`,
    )
  }
  await store.removeTwins()
  let next = 0
  const send = async (to: ReturnType<typeof createAnalytics>): Promise<void> => {
    await Promise.all(
      Array.from({ length: 24 }, async (_, client) => {
        // Clients come one after the other, as clients do: some wait while others are inserted.
        await new Promise((resolve) => setTimeout(resolve, client * 10))
        const batch = Array.from({ length: 1000 }, () => {
          next += 1
          return {
            event: '$pageview',
            event_id: `new-${next}`,
            anonymous_id: `v${next % 500}`,
            url: 'https://shop.test/a',
          }
        })
        const { count } = await to.batch(batch)
        if (count !== 1000) throw new Error(`${count} of 1000 stored`)
      }),
    )
  }
  print(
    `24 clients, 10 ms apart, send a batch of 1000 each; ${ids.toLocaleString()} ids stored already`,
    await race(
      {
        'without asking for ids': async () => await send(off),
        'each id asked for': async () => await send(on),
      },
      15,
    ),
  )
  await on.close()
  await off.close()
  await store.close()
}

/** `npm run bench -- counting [rollup|sessions|dedup] [rows]`; all three by default, at the sizes of the goals. */
export async function run(args: string[]): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'millimetric-bench-'))
  const engine = await acquireEngine(path)
  const [which, size] = args
  const wanted = (name: string): boolean => which === undefined || which === name
  if (wanted('dedup')) await benchDedup(engine, path, Number(size ?? 10_000_000))
  if (wanted('sessions')) await benchSessions(engine, path, Number(size ?? 6_000_000))
  if (wanted('rollup')) await benchRollup(engine, path, Number(size ?? 10_000_000))
  await engine.close()
  rmSync(path, { recursive: true, force: true })
}
