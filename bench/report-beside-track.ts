import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'
import { figure } from './measure/figures.js'

const PROJECT = 'bench'

/**
 * How long `track` takes while a long report runs on the embedded engine, beside the same load without one: rounds of
 * both in turn, in one run. `--rows` events (4,000,000 by default) make a report of about five seconds, `--rate` events a
 * second (50) arrive whether or not the ones before were answered, `--rounds` of each (9).
 */
export async function run(args: string[]): Promise<void> {
  const option = (name: string, otherwise: number): number =>
    Number(args.includes(name) ? args[args.indexOf(name) + 1] : otherwise)
  const [rows, rate, rounds] = [option('--rows', 4_000_000), option('--rate', 50), option('--rounds', 9)]
  const path = mkdtempSync(join(tmpdir(), 'millimetric-beside-'))
  const analytics = createAnalytics({
    events: chdbEvents({ path, limits: { maxExecutionTime: 300 } }),
    keys: memoryKeys(),
  })
  const { project } = await analytics.projects.create({ slug: PROJECT })
  await analytics.track({ event: 'warm', anonymous_id: 'v' })
  await fill(path, project.id, rows)
  // What follows an import, once: else it takes turns with the rounds.
  while ((await analytics.maintain()).days_built > 0);

  async function report(): Promise<number> {
    const began = performance.now()
    await analytics.attribution({ range: '90d', conversion: { event: '$pageview' }, model: 'linear' })
    return performance.now() - began
  }

  /** Latencies of `track` until `done` says so. */
  async function load(done: () => boolean): Promise<number[]> {
    const taken: Promise<number>[] = []
    const began = performance.now()
    for (let n = 0; !done(); n++) {
      await sleep(Math.max(0, began + (n * 1000) / rate - performance.now()))
      const sent = performance.now()
      taken.push(
        analytics.track({ event: 'tracked', anonymous_id: `v${n % 100}` }).then((receipt) => {
          if (!receipt.ok) throw new Error(receipt.message)
          return performance.now() - sent
        }),
      )
    }
    return await Promise.all(taken)
  }

  const first = await report()
  console.log(
    `${rows} events; the report alone takes ${(first / 1000).toFixed(1)} s; load ${loadavg()[0]?.toFixed(1)}`,
  )
  const alone: number[][] = []
  const beside: number[][] = []
  const reports: number[] = []
  for (let round = 0; round < rounds; round++) {
    const until = performance.now() + first
    alone.push(await load(() => performance.now() > until))
    let running = true
    const asked = report().finally(() => {
      running = false
    })
    beside.push(await load(() => !running))
    reports.push(await asked)
  }
  for (const [name, lists] of [
    ['track alone', alone],
    ['track beside the report', beside],
  ] as const) {
    const all = lists.flat()
    const at = (share: number): string => percentile(all, share).toFixed(1)
    console.log(
      `${name}: ${all.length} events, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms; ` +
        `p99 of rounds ${lists.map((list) => percentile(list, 0.99).toFixed(0)).join(', ')}`,
    )
  }
  console.log(
    `reports took ${reports.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s; load ${loadavg()[0]?.toFixed(1)}`,
  )
  // Of single rounds: one large merge decides the p99 of all of them together, on either side.
  const rises = alone.map((list, round) => percentile(beside[round] ?? [], 0.99) - percentile(list, 0.99))
  figure('p99 of track rises by, median of rounds', percentile(rises, 0.5), { atMost: 20 }, ' ms')
  await analytics.close()
  rmSync(path, { recursive: true, force: true })
}

function percentile(list: readonly number[], share: number): number {
  const sorted = list.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0
}

async function fill(path: string, project: string, rows: number): Promise<void> {
  const engine = await acquireEngine(path)
  const step = 200_000
  for (let from = 0; from < rows; from += step) {
    await engine.writer.command({
      query: `INSERT INTO millimetric.events
  (project_id, event_id, event_name, timestamp, received_at, anonymous_id, user_id, session_id, url, path, source, medium, stored_at)
SELECT '${project}', toString(generateUUIDv4()), '$pageview', now64(3, 'UTC') - toIntervalSecond((number * 7919) % 31536000 + 60) AS at, at,
  concat('visitor-', toString(number % 200000)) AS visitor, '', concat(visitor, '-', toString(intDiv(toUnixTimestamp(at), 1800))),
  'https://shop.test/', concat('/', toString(number % 50)), 'google', 'organic', now64(6, 'UTC') - INTERVAL 1 HOUR
FROM numbers(${from}, ${Math.min(step, rows - from)}) SETTINGS insert_deduplication_token='${randomUUID()}', max_partitions_per_insert_block=0`,
    })
  }
  await engine.writer.command({
    query:
      'ALTER TABLE millimetric.marks UPDATE last_at = last_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync=2',
  })
  await engine.close()
}
