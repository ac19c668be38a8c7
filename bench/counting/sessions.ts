import { chdbEvents } from '@millimetric/core/chdb'
import type { Connections } from '../../packages/core/src/stores/clickhouse/client.js'
import { sessions } from '../../packages/core/src/testing/event-store-case.js'
import { ask } from '../measure/engine.js'
import { figure, requireEqual } from '../measure/figures.js'
import { race } from '../measure/race.js'
import { DAY, fill, PROJECT, UNTIL } from './fill.js'

const DAYS = 30
const [FROM, TO] = [UNTIL - DAYS * DAY, UNTIL]
const METRICS = ['sessions', 'bounce_rate', 'session_duration', 'views_per_session'] as const

const MEASURES = `count() AS sessions, countIf(views = 1 AND others = 0) / count() AS bounce_rate,
  sum(ended - started) / 1000 / count() AS session_duration, sum(views) / count() AS views_per_session`
const COUNTS = `countIf(event_name = '$pageview') AS views, countIf(event_name NOT IN ('$pageview', '$identify')) AS others`
const NEIGHBOUR = 'ROWS BETWEEN 1 PRECEDING AND CURRENT ROW'

/**
 * What somebody writes who knows that all ids of sessions are derived and that nothing lies beyond the range: half hours of
 * visitors, joined with their neighbours.
 */
function byFragment(rows: string): string {
  return `SELECT ${MEASURES} FROM (
  SELECT min(started) AS started, max(ended) AS ended, sum(views) AS views, sum(others) AS others FROM (
    SELECT *, sum(opens) OVER (PARTITION BY visitor ORDER BY half ROWS UNBOUNDED PRECEDING) AS session FROM (
      SELECT *, started - lagInFrame(ended) OVER (PARTITION BY visitor ORDER BY half ${NEIGHBOUR}) > 1800000 AS opens FROM (
        SELECT cityHash64(anonymous_id) AS visitor, intDiv(toUnixTimestamp(timestamp), 1800) AS half,
          toUnixTimestamp64Milli(min(timestamp)) AS started, toUnixTimestamp64Milli(max(timestamp)) AS ended, ${COUNTS}
        ${rows} GROUP BY visitor, half
      )
    )
  ) GROUP BY visitor, session
)`
}

function byEvent(rows: string): string {
  return `SELECT ${MEASURES} FROM (
  SELECT min(at) AS started, max(at) AS ended, ${COUNTS} FROM (
    SELECT *, sum(opens) OVER (PARTITION BY visitor ORDER BY at ROWS UNBOUNDED PRECEDING) AS session FROM (
      SELECT cityHash64(anonymous_id) AS visitor, toUnixTimestamp64Milli(timestamp) AS at, event_name,
        at - lagInFrame(at) OVER (PARTITION BY visitor ORDER BY at ${NEIGHBOUR}) > 1800000 AS opens
      ${rows}
    )
  ) GROUP BY visitor, session
)`
}

/** Sessions of a month against two queries by hand. */
export async function benchSessions(engine: Connections, path: string, rows: number): Promise<void> {
  const database = 'bench_sessions'
  const store = chdbEvents({ path, database })
  await fill({ engine, store, database, rows, days: DAYS })
  const ours = async (): Promise<unknown[]> => {
    const range = { project_id: PROJECT, from: FROM, to: TO }
    const answer = await store.query<'stats'>(sessions({ ...range, order_by: [] }))
    return answer.rows.map(({ values }) => values)
  }
  const from = `FROM ${database}.events WHERE project_id = '${PROJECT}' AND NOT is_bot
    AND timestamp >= toDateTime(${FROM / 1000}) AND timestamp < toDateTime(${TO / 1000})`
  const hand = (query: string) => async (): Promise<unknown[]> =>
    (await ask<Record<string, number>>(engine, query)).map((row) => METRICS.map((metric) => row[metric]))
  const racers = {
    'fragments by hand': hand(byFragment(from)),
    'our question': ours,
    'event by event, by hand': hand(byEvent(from)),
  }
  const expected = await ours()
  console.log(`sessions, bounce rate, duration, views: ${JSON.stringify(expected)}`)
  requireEqual('sessions by hand from fragments', await racers['fragments by hand'](), expected)
  requireEqual('sessions by hand, event by event', await racers['event by event, by hand'](), expected)
  const times = await race(racers, 5)
  times.print(`Sessions, bounces, duration and views of a month, ${rows.toLocaleString('en')} events`)
  const { wall, cpu } = times.ratio('our question', 'fragments by hand')
  figure('sessions to fragments by hand', wall, { atMost: 1.2 }, '×')
  figure('sessions to fragments by hand, CPU time', cpu, { atMost: 1.2 }, '×')
  const scan = times.ratio('our question', 'event by event, by hand')
  figure('sessions to an event-by-event scan', scan.wall, { atMost: 1 }, '×')
  figure('sessions to an event-by-event scan, CPU time', scan.cpu, { atMost: 1 }, '×')
  await store.close()
}
