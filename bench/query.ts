import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'
import type { Connections } from '../packages/core/src/stores/clickhouse/client.js'
import { figure } from './measure/figures.js'
import { costOf, median, race } from './measure/race.js'
import { QUESTIONS, valuesOf } from './query-questions.js'
import { fillTraffic } from './traffic.js'

const DAY = 86_400_000
const UNTIL = Math.floor(Date.now() / DAY) * DAY
const ROUNDS = 9
/** Of quick questions many are asked, until the middle of them stands still. */
const ENOUGH_MS = 2000
const MOST_ROUNDS = 51

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
    const ratios = new Map<string, { ratio: number; shaping: number }>()
    let looks = 0
    for (const { name, ask } of QUESTIONS.filter((question) => question.name.includes(only))) {
      const query = readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8')
      const byHand = async (): Promise<object[]> => {
        const answer = await engine.readers[0].query({
          query: `${query}\nSETTINGS output_format_json_quote_64bit_integers=0`,
          query_params: { db: database, project: project.id, from: from / 1000, to: to / 1000 },
          format: 'JSONEachRow',
        })
        return await answer.json<object>()
      }
      const [ours, theirs] = [valuesOf(await ask(analytics, range)), valuesOf(await byHand())]
      if (!isDeepStrictEqual(ours, theirs)) {
        console.error(JSON.stringify(ours.slice(0, 5)), JSON.stringify(theirs.slice(0, 5)))
        throw new Error(`${name}: the answers differ`)
      }
      let shaping: number[] = []
      const ourselves = async (): Promise<void> => {
        inStore = 0
        const began = performance.now()
        await ask(analytics, range)
        shaping.push(performance.now() - began - inStore)
      }
      // A server has answered before: neither its code nor the engine's caches are cold.
      const warm = await race({ ours: ourselves, hand: byHand }, ROUNDS)
      const rounds = Math.min(Math.max(ROUNDS, Math.ceil(ENOUGH_MS / warm.of('hand').wall)), MOST_ROUNDS)
      shaping = []
      const times = await race({ ours: ourselves, hand: byHand }, rounds)
      if (name === 'stats-daily') looks = await lookOf(engine, async () => await ask(analytics, range))
      const [own, hand, ratio] = [times.of('ours'), times.of('hand'), times.ratio('ours', 'hand')]
      ratios.set(name, { ratio: ratio.wall, shaping: median(shaping) })
      table[name] = {
        'ours, ms': round1(own.wall),
        'by hand, ms': round1(hand.wall),
        ratio: Number(ratio.wall.toFixed(2)),
        'cpu ms': `${round1(own.cpu)} / ${round1(hand.cpu)}`,
        'cpu ratio': Number(ratio.cpu.toFixed(2)),
        'planning and shaping, ms': Number(median(shaping).toFixed(2)),
        rows: ours.length,
      }
    }
    console.log(`\n30 of 90 days, ${Number(events).toLocaleString()} events a project, ${projects} projects`)
    console.table(table)
    for (const [name, { ratio, shaping }] of ratios) {
      figure(`${name}: times the SQL by hand`, ratio, { atMost: 1.15 })
      figure(`${name}: planning and shaping`, shaping, { atMost: 2 }, ' ms')
    }
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

function round1(ms: number): number {
  return Number(ms.toFixed(1))
}
