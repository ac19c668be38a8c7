import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Analytics, createAnalytics, type EventStore } from '@millimetric/core'
import { memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'
import type { ClickhouseClient, Connections } from '../packages/core/src/stores/clickhouse/client.js'
import { createEventStore } from '../packages/core/src/stores/clickhouse/event-store.js'
import { QUERY_LIMITS } from '../packages/core/src/stores/clickhouse/reader.js'
import { noteSweep } from './counting/fill.js'
import { ask, command, withEngine } from './measure/engine.js'
import { figure, requireEqual } from './measure/figures.js'
import { percentile } from './measure/race.js'

const DATABASE = 'bench_forget'
const DAY = 86_400_000
const HOUR_MS = 3_600_000
/** Each has two visitors. */
const USERS = 1000
const FORGETS = 1000
const AT_ONCE = 50
const BASELINE = 60

/**
 * Erases one person from a store of a year (`--rows`, 2,000,000 by default: 20,000 visitors, 1,000 users), then a thousand
 * while questions are asked, and removes all but 90 days.
 */
export async function run(args: string[]): Promise<void> {
  const rows = Number(args[args.indexOf('--rows') + 1] ?? 0) || 2_000_000
  await withEngine(async (engine, path) => {
    const deletes = new Map<string, number>()
    const store = createEventStore({
      name: 'chdb',
      database: DATABASE,
      connect: async () => counting(await acquireEngine(path), deletes),
      migrateOnFirstUse: true,
      limits: QUERY_LIMITS,
      rollupFromRows: 200_000,
    })
    await store.migrate()
    const analytics = createAnalytics({ events: store, keys: memoryKeys() })
    const { project } = await analytics.projects.create({ slug: 'bench' })
    await fill(engine, project.id, rows)
    await noteSweep(engine, DATABASE)
    await eraseOne(store, project.id, rows)
    await eraseMany(engine, analytics, deletes)
    deletes.clear()
    const start = performance.now()
    const before = Math.floor((Date.now() - 90 * DAY) / 1_800_000) * 1_800_000
    const receipt = await store.purge([{ kind: 'retention', project_id: project.id, before }])
    console.log(
      `retention to 90 days: ${seconds(performance.now() - start)}, ${JSON.stringify([...receipt.values()])}, ` +
        `statements: ${JSON.stringify(Object.fromEntries(deletes))}`,
    )
    await analytics.close()
  })
}

/** Beyond the wait for writers, which is the runner's. */
async function eraseOne(store: EventStore, project_id: string, rows: number): Promise<void> {
  const request = { id: randomUUID(), project_id, user_id: 'user-70', anonymous_id: '', until: Date.now() }
  const selectors = [{ kind: 'person', erasure_id: request.id, project_id }] as const
  const start = performance.now()
  await store.noteErasures([request])
  const traces = await store.tracesOf([request.id])
  const noted = performance.now()
  const receipt = await store.purge(selectors)
  const purged = performance.now()
  const left = await store.survivors(selectors)
  const end = performance.now()
  console.log(
    `one person of ${rows.toLocaleString('en')} rows: ${traces.length} traces, ${JSON.stringify([...receipt.values()])}; ` +
      `noted ${seconds(noted - start)}, deleted ${seconds(purged - noted)}, counted ${seconds(end - purged)}`,
  )
  requireEqual('survivors of one person', left, {})
  figure('one person erased and verified', (end - start) / 1000, { atMost: 30 }, ' s')
  await store.settleErasures([
    {
      id: request.id,
      project_id,
      subject: 'user',
      requested_at: request.until,
      verified_at: Date.now(),
      removed: receipt.get(request.id) ?? {},
    },
  ])
}

async function eraseMany(
  engine: Connections,
  analytics: Analytics,
  deletes: Map<string, number>,
): Promise<void> {
  const question = async (): Promise<number> => {
    const start = performance.now()
    await analytics.stats({ range: '30d', metrics: ['count', 'uniques'], group_by: ['path'] })
    return performance.now() - start
  }
  const calm: number[] = []
  for (let n = 0; n < BASELINE; n++) calm.push(await question())

  deletes.clear()
  const people = [
    ...Array.from({ length: USERS }, (_, n) => ({ user_id: `user-${n * 10}` })).filter(
      ({ user_id }) => user_id !== 'user-70',
    ),
    { anonymous_id: 'visitor-1' },
  ].slice(0, FORGETS)
  const start = performance.now()
  let done = false
  const beside: number[] = []
  let mostMutations = 0
  const watch = (async () => {
    while (!done) {
      beside.push(await question())
      const [mutations] = await ask<{ unfinished: number }>(
        engine,
        `SELECT count() AS unfinished FROM system.mutations WHERE database = '${DATABASE}' AND NOT is_done`,
      )
      mostMutations = Math.max(mostMutations, mutations?.unfinished ?? 0)
    }
  })()
  const jobs: string[] = []
  for (let at = 0; at < people.length; at += AT_ONCE) {
    const answers = await Promise.all(
      people.slice(at, at + AT_ONCE).map(async (person) => await analytics.forget(person)),
    )
    jobs.push(...answers.map(({ job }) => job.id))
    await sleep(1000)
  }
  const asked = performance.now()
  await allVerified(analytics, jobs)
  done = true
  await watch
  console.log(
    `${people.length} people: asked within ${seconds(asked - start)}, verified ${seconds(performance.now() - start)} after the first; ` +
      `delete statements ${JSON.stringify(Object.fromEntries(deletes))}`,
  )
  figure(`delete statements of a table for ${people.length} people`, Math.max(...deletes.values()), {
    atMost: 12,
  })
  figure('mutations unfinished at a time', mostMutations, { atMost: 20 })
  const [before, meanwhile] = [percentile(calm, 95), percentile(beside, 95)]
  console.log(
    `a question, p95: ${before.toFixed(0)} ms calm, ${meanwhile.toFixed(0)} ms beside (${beside.length})`,
  )
  figure('p95 of questions beside it', meanwhile / before, { atMost: 2 }, '×')
}

async function allVerified(analytics: Analytics, jobs: readonly string[]): Promise<void> {
  const until = performance.now() + HOUR_MS
  const open = new Set(jobs)
  while (open.size > 0) {
    if (performance.now() > until) throw new Error(`${open.size} people are not erased within an hour.`)
    for (const id of open) {
      const job = await analytics.jobs.find(id)
      if (job?.state === 'failed') throw new Error(`A job failed: ${job.error}`)
      if (job?.verified_at === null || job === undefined) break
      open.delete(id)
    }
    await sleep(200)
  }
}

/** Counts statements that delete, by table. */
function counting(connections: Connections, deletes: Map<string, number>): Connections {
  const { writer } = connections
  const counted: ClickhouseClient = {
    ...writer,
    async command(params) {
      const table = /^\s*ALTER TABLE \S+?\.(\w+)[\s\S]*?\b(?:DELETE|DELETED|DROP)\b/.exec(params.query)?.[1]
      if (table !== undefined) deletes.set(table, (deletes.get(table) ?? 0) + 1)
      return await writer.command(params)
    },
  }
  return { ...connections, writer: counted }
}

/** A tenth of the visitors belong to a user, two each; they identify in each of their events. */
async function fill(engine: Connections, project: string, rows: number): Promise<void> {
  const step = 200_000
  for (let from = 0; from < rows; from += step) {
    await command(
      engine,
      `INSERT INTO ${DATABASE}.events
  (project_id, event_id, event_name, timestamp, received_at, anonymous_id, user_id, session_id, url, path, source, medium, stored_at)
SETTINGS async_insert=0, insert_deduplication_token='${randomUUID()}', max_partitions_per_insert_block=0
SELECT '${project}', toString(generateUUIDv4()), if(number % 10 = 0, '$identify', '$pageview'),
  now64(3, 'UTC') - toIntervalSecond((number * 7919) % 31536000 + 60) AS at, at,
  concat('visitor-', toString(number % 20000)) AS visitor, if(number % 10 = 0, concat('user-', toString(number % 10000)), ''),
  concat(visitor, '-', toString(intDiv(toUnixTimestamp(at), 1800))), 'https://shop.test/', concat('/p', toString(number % 50)),
  'google', 'organic', now64(6, 'UTC') - INTERVAL 1 HOUR
FROM numbers(${from}, ${Math.min(step, rows - from)})`,
    )
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
