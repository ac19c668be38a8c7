import type { chdbEvents } from '@millimetric/core/chdb'
import type { Connections } from '../../packages/core/src/stores/clickhouse/client.js'
import { command } from '../measure/engine.js'

export const DAY = 86_400_000
/** Midnight after the last day. */
export const UNTIL: number = Math.floor(Date.now() / DAY) * DAY
export const PROJECT = '33333333-3333-4333-8333-333333333333'

export interface Filled {
  engine: Connections
  store: ReturnType<typeof chdbEvents>
  database: string
  rows: number
  days: number
}

/**
 * Events of one project straight into the table and through all views: `days` days, a tenth of `rows` visitors. Half
 * of the visits have nine events in eight minutes, half bounce. As if they had come an hour ago, and upkeep had looked at
 * them since.
 */
export async function fill({ engine, store, database, rows, days }: Filled): Promise<void> {
  await store.migrate()
  const slice = 1_000_000
  for (let from = 0; from < rows; from += slice) {
    await command(
      engine,
      `INSERT INTO ${database}.events (project_id, event_id, event_name, timestamp, received_at, seq, batch, anonymous_id,
  session_id, path, source, medium, channel, source_confidence, is_bot, properties, stored_at)
SETTINGS async_insert=0, max_partitions_per_insert_block=0, insert_deduplication_token='fill-${from}'
SELECT '${PROJECT}', concat('e', toString(n)), if(n % 3 = 0, 'click', '$pageview'), at, at, 0, 1, visitor,
  concat(visitor, '-', toString(intDiv(toUnixTimestamp64Milli(at), 1800000))), concat('/p', toString(n % 200)),
  ['google', 'direct', 'facebook', 'bing', 'news'][n % 5 + 1], ['organic', 'direct', 'paid', 'organic', 'email'][n % 5 + 1],
  ['organic_search', 'direct', 'paid_social', 'organic_search', 'email'][n % 5 + 1], 'high', false, '{}',
  now64(6, 'UTC') - INTERVAL 1 HOUR
FROM (
  SELECT number + ${from} AS n, n % 20 AS place, least(intDiv(place, 9), 1) + greatest(place, 17) AS visit,
    concat('v', toString(cityHash64(intDiv(n, 20), visit) % ${Math.floor(rows / 10)})) AS visitor,
    toDateTime64(${(UNTIL - days * DAY) / 1000} + (cityHash64(intDiv(n, 20), visit, 7) % ${days * 86_400 - 3600}) + place % 9 * 55,
      3, 'UTC') AS at
  FROM numbers(${Math.min(slice, rows - from)})
)`,
    )
    process.stderr.write(`\r${Math.min(from + slice, rows).toLocaleString('en')} rows`)
  }
  process.stderr.write('\n')
  await noteSweep(engine, database)
  await command(
    engine,
    `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync=2`,
  )
}

/** As if a sweep had just ended: what is younger than the last one is looked at for twins on every question. */
export async function noteSweep(engine: Connections, database: string): Promise<void> {
  await command(
    engine,
    `INSERT INTO ${database}.sweeps (swept_until, removed) SETTINGS async_insert=0 SELECT now64(6, 'UTC'), 0`,
  )
}
