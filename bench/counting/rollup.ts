import { chdbEvents } from '@millimetric/core/chdb'
import type { Connections } from '../../packages/core/src/stores/clickhouse/client.js'
import { twinsStatement } from '../../packages/core/src/stores/clickhouse/sql/reading.js'
import { stats } from '../../packages/core/src/testing/event-store-case.js'
import { ask, command } from '../measure/engine.js'
import { figure, requireEqual } from '../measure/figures.js'
import { race } from '../measure/race.js'
import { DAY, fill, PROJECT, UNTIL } from './fill.js'

const DAYS = 90
const [FROM, TO] = [UNTIL - DAYS * DAY, UNTIL]
const RANGE = { project_id: PROJECT, from: FROM, to: TO }
const STARTS = Array.from({ length: DAYS + 1 }, (_, n) => FROM + n * DAY)
/** What comes in between two sweeps at 1,000 events a second. */
const UNSWEPT = 50_000

type Metric = 'count' | 'uniques'

/** A daily series of one project from the rollup, against raw events. */
export async function benchRollup(engine: Connections, path: string, rows: number): Promise<void> {
  const database = 'bench_rollup'
  // At reduced sizes too, it is the rollup that is measured.
  const store = chdbEvents({ path, database, rollupFromRows: Math.min(200_000, rows / 2) })
  await fill({ engine, store, database, rows, days: DAYS })
  const days = STARTS.slice(0, -1).map((start) => ({ start, end: start + DAY }))
  requireEqual('days built', await store.buildDays(PROJECT, days), DAYS)

  const answer = async (metric: Metric, from: 'rollup' | 'raw'): Promise<Map<number, number>> => {
    const days = from === 'raw' ? null : STARTS
    const plan = { ...RANGE, metric, buckets: STARTS.slice(0, -1), order_by: [], days }
    const { rows: found, answered_by } = await store.query<'stats'>(stats(plan))
    if (answered_by !== from) throw new Error(`${answered_by} answered instead of ${from}`)
    return new Map(found.map(({ bucket, values }) => [bucket ?? 0, values[0] ?? 0]))
  }
  const where = `project_id = '${PROJECT}' AND timestamp >= toDateTime(${FROM / 1000}) AND timestamp < toDateTime(${TO / 1000}) AND NOT is_bot`
  const byHand = async (measure: string): Promise<Map<number, number>> => {
    const found = await ask<{ day: number; value: number }>(
      engine,
      `SELECT toUnixTimestamp(toStartOfDay(timestamp)) * 1000 AS day, ${measure} AS value
FROM ${database}.events WHERE ${where} GROUP BY day ORDER BY day`,
    )
    return new Map(found.map(({ day, value }) => [day, value]))
  }
  // Each id once; a visitor who is counted twice is counted once anyway. Rows without an
  // anonymous id count by their user, as everywhere.
  const hand = {
    count: 'uniqExact(sipHash64(event_id))',
    uniques: "uniqExact(if(anonymous_id = '', sipHash64('u', user_id), sipHash64('a', anonymous_id)))",
  }

  const measure = async (state: string): Promise<void> => {
    for (const metric of ['count', 'uniques'] as const) {
      const rollup = await answer(metric, 'rollup')
      requireEqual(`${metric} of the rollup and of raw events, ${state}`, rollup, await answer(metric, 'raw'))
      requireEqual(`${metric} of the rollup and by hand, ${state}`, rollup, await byHand(hand[metric]))
    }
    const twins = twinsStatement(database, PROJECT)
    const times = await race(
      {
        'count, rollup': async () => await answer('count', 'rollup'),
        'count, rollup, somebody has written': async () => {
          // What a write of somebody else changes: nothing that was seen before it may be believed.
          await command(engine, 'SELECT 1')
          await answer('count', 'rollup')
        },
        'count, raw': async () => await answer('count', 'raw'),
        'count, each id once by hand': async () => await byHand(hand.count),
        'visitors, rollup': async () => await answer('uniques', 'rollup'),
        'visitors, raw': async () => await answer('uniques', 'raw'),
        'visitors by hand': async () => await byHand(hand.uniques),
        'one look for twins': async () => await ask(engine, twins.query, twins.params),
      },
      5,
    )
    times.print(`Daily series of one project, ${rows.toLocaleString('en')} events, ${DAYS} days, ${state}`)
    const count = times.ratio('count, each id once by hand', 'count, rollup')
    figure(`count by hand, each id once, to the rollup, ${state}`, count.wall, { atLeast: 20 }, '×')
    figure(`the same in CPU time, ${state}`, count.cpu, { atLeast: 20 }, '×')
    const visitors = times.ratio('visitors by hand', 'visitors, rollup')
    figure(`visitors by hand to the rollup, ${state}`, visitors.wall, { atLeast: 3 }, '×')
    figure(`the same in CPU time, ${state}`, visitors.cpu, { atLeast: 3 }, '×')
    const { wall, cpu } = times.of('one look for twins')
    console.log(`one look for twins, ${state}: ${wall.toFixed(1)} ms, ${cpu.toFixed(1)} ms of CPU`)
  }

  await measure('at rest')
  await comeIn(engine, database)
  await measure(`1,000 ev/s unswept`)
  await store.close()
}

/** Events of the day after the range, which no sweep has looked at. */
async function comeIn(engine: Connections, database: string): Promise<void> {
  await command(
    engine,
    `INSERT INTO ${database}.events (project_id, event_id, event_name, timestamp, received_at, anonymous_id, properties)
SETTINGS async_insert=0, insert_deduplication_token='unswept'
SELECT '${PROJECT}', concat('late', toString(number)), '$pageview',
  toDateTime64(${UNTIL / 1000}, 3, 'UTC') + toIntervalMillisecond(number), now64(3, 'UTC'), concat('v', toString(number)), '{}'
FROM numbers(${UNSWEPT})`,
  )
}
