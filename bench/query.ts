import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'
import type { Connections } from '../packages/core/src/stores/clickhouse/client.js'
import { QUESTIONS } from './query-questions.js'
import { fillTraffic } from './traffic.js'

const DAY = 86_400_000
const UNTIL = Math.floor(Date.now() / DAY) * DAY
const ROUNDS = 7

/**
 * Every report against the best SQL by hand (`bench/sql`), on the embedded engine and in the same run:
 * `npm run bench -- query [events a project] [projects] [only]`.
 */
export async function run([events = '1000000', projects = '10', only = '']: string[]): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'millimetric-bench-'))
  const engine = await acquireEngine(path)
  const database = 'bench_query'
  const store = chdbEvents({ path, database })
  let inStore = 0
  let atOnce = 0
  let since = 0
  const timed: EventStore = {
    ...store,
    async query(plan, options) {
      if (atOnce++ === 0) since = performance.now()
      try {
        return await store.query(plan, options)
      } finally {
        if (--atOnce === 0) inStore += performance.now() - since
      }
    },
  }
  const analytics = createAnalytics({ events: timed, keys: memoryKeys(), clock: () => UNTIL })
  try {
    const { project } = await analytics.projects.create({ slug: 'bench' })
    const others = Array.from(
      { length: Number(projects) - 1 },
      (_, n) => `44444444-4444-4444-8444-${String(n).padStart(12, '0')}`,
    )
    await fillTraffic(
      { engine, store, database },
      { projects: [project.id, ...others], events: Number(events), days: 90, until: UNTIL },
    )
    const [from, to] = [UNTIL - 30 * DAY, UNTIL]
    await buildDays({ engine, store, database }, project.id, { from, to })
    const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
    const table: Record<string, object> = {}
    let looks = 0
    for (const { name, ask } of QUESTIONS.filter((question) => question.name.includes(only))) {
      const query = readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8')
      const byHand = async (): Promise<unknown[][]> => {
        const answer = await engine.readers[0].query({
          query: `${query}\nSETTINGS output_format_json_quote_64bit_integers=0`,
          query_params: { db: database, project: project.id, from: from / 1000, to: to / 1000 },
          format: 'JSONEachRow',
        })
        return (await answer.json<object>()).map((row) => Object.values(row))
      }
      const [ours, theirs] = [await ask(analytics, range), await byHand()]
      if (!isDeepStrictEqual(ours, theirs)) {
        console.error(JSON.stringify(ours.slice(0, 5)), JSON.stringify(theirs.slice(0, 5)))
        throw new Error(`${name}: the answers differ`)
      }
      const own: Cost[] = []
      const hand: Cost[] = []
      const shaping: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        inStore = 0
        const cost = await costOf(async () => await ask(analytics, range))
        own.push(cost)
        shaping.push(cost.wall - inStore)
        hand.push(await costOf(byHand))
      }
      if (name === 'stats-daily') looks = await lookOf(engine, async () => await ask(analytics, range))
      const [wall, handWall] = [median(own.map((cost) => cost.wall)), median(hand.map((cost) => cost.wall))]
      const [cpu, handCpu] = [median(own.map((cost) => cost.cpu)), median(hand.map((cost) => cost.cpu))]
      table[name] = {
        'ours, ms': round1(wall),
        'by hand, ms': round1(handWall),
        ratio: Number((wall / handWall).toFixed(2)),
        'cpu ms': `${round1(cpu)} / ${round1(handCpu)}`,
        'cpu ratio': Number((cpu / handCpu).toFixed(2)),
        'planning and shaping, ms': Number(median(shaping).toFixed(2)),
        rows: ours.length,
      }
    }
    console.log(`\n30 of 90 days, ${Number(events).toLocaleString()} events a project, ${projects} projects`)
    console.table(table)
    console.log(`a question after a write looks at ids once more: ${round1(looks)} ms on top`)
  } finally {
    await analytics.close()
    await engine.close()
    rmSync(path, { recursive: true, force: true })
  }
}

/** Milliseconds that a question takes more when somebody has written since the one before. */
async function lookOf(engine: Connections, ask: () => Promise<unknown>): Promise<number> {
  const [quiet, after]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    quiet.push((await costOf(ask)).wall)
    await engine.writer.command({ query: 'SELECT 1' })
    after.push((await costOf(ask)).wall)
    await ask()
  }
  return median(after) - median(quiet)
}

/** For the one question that does not say `raw`. */
async function buildDays(
  { engine, store, database }: Parameters<typeof fillTraffic>[0],
  project: string,
  { from, to }: { from: number; to: number },
): Promise<void> {
  await engine.writer.command({
    query: `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync=2`,
  })
  const days = Array.from({ length: (to - from) / DAY }, (_, day) => ({
    start: from + day * DAY,
    end: from + (day + 1) * DAY,
  }))
  await store.buildDays(project, days)
}

interface Cost {
  wall: number
  /** Of all threads of this process, the engine's among them: hardly changed by what else the machine does. */
  cpu: number
}

async function costOf(run: () => Promise<unknown>): Promise<Cost> {
  const [start, before] = [performance.now(), process.cpuUsage()]
  await run()
  const { user, system } = process.cpuUsage(before)
  return { wall: performance.now() - start, cpu: (user + system) / 1000 }
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0
}

function round1(ms: number): number {
  return Number(ms.toFixed(1))
}
