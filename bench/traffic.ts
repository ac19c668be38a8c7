import type { chdbEvents } from '@millimetric/core/chdb'
import type { Connections } from '../packages/core/src/stores/clickhouse/client.js'

const DAY = 86_400_000

export interface TrafficSize {
  /** Ids of the projects; each gets `events` events. */
  projects: readonly string[]
  events: number
  days: number
  /** Midnight after the last day, epoch milliseconds. */
  until: number
}

/**
 * Visits of five events, ten visitors to a hundred events, straight into the table and through all views: pages, clicks, some
 * signups and purchases with a price. Every tenth visitor is identified at the end of a visit; users have two devices now
 * and then.
 */
export async function fillTraffic(
  {
    engine,
    store,
    database,
  }: { engine: Connections; store: ReturnType<typeof chdbEvents>; database: string },
  { projects, events, days, until }: TrafficSize,
): Promise<void> {
  await store.migrate()
  const slice = Math.min(500_000, events)
  const run = async (query: string): Promise<void> => {
    await engine.writer.command({ query })
  }
  for (const [index, project] of projects.entries()) {
    for (let from = 0; from < events; from += slice) {
      await run(`INSERT INTO ${database}.events (project_id, event_id, event_name, timestamp, received_at, seq, batch, anonymous_id, user_id,
  session_id, url, path, source, medium, campaign, channel, country, device_type, source_confidence, is_bot, properties)
SETTINGS async_insert=0, max_partitions_per_insert_block=0, insert_deduplication_token='fill-${index}-${from}'
SELECT '${project}', concat('e', toString(n)),
  multiIf(place = 4 AND identified, '$identify', place = 3 AND v % 40 = 1, 'signup', place = 4 AND v % 80 = 1, 'purchase', place = 2, 'click', '$pageview') AS name,
  at, at, 0, 1, concat('v', toString(v)), if(name = '$identify', concat('u', toString(intDiv(v, 20))), ''),
  concat('v', toString(v), '-', toString(intDiv(toUnixTimestamp64Milli(at), 1800000))),
  'https://shop.test/', concat('/p', toString((visit + place) % 200)),
  if(place = 0, ['google', 'direct', 'facebook', 'bing', 'news'][kind], 'direct'),
  if(place = 0, ['organic', 'direct', 'paid', 'organic', 'email'][kind], 'direct'),
  ['', 'spring', 'summer'][visit % 3 + 1],
  if(place = 0, ['organic_search', 'direct', 'paid_social', 'organic_search', 'email'][kind], 'direct'),
  ['DE', 'FR', 'US', 'GB'][v % 4 + 1], ['desktop', 'mobile'][v % 2 + 1], 'high', v % 50 = 0,
  if(name = 'purchase', concat('{"plan":"', ['pro', 'free'][intDiv(v, 80) % 2 + 1], '","price":', toString(v % 400 / 4), '}'), '{}')
FROM (
  SELECT number + ${from} AS n, intDiv(n, 5) AS visit, n % 5 AS place, visit % 5 + 1 AS kind,
    cityHash64(visit, ${index}) % ${Math.max(Math.floor(events / 10), 1)} AS v, v % 10 = 0 AS identified,
    toDateTime64(${(until - days * DAY) / 1000} + (cityHash64(visit, 7) % ${days * 86_400 - 1600}) + place * 400, 3, 'UTC') AS at
  FROM numbers(${slice})
)`)
      process.stderr.write(`\r${(index * events + Math.min(from + slice, events)).toLocaleString()} events`)
    }
  }
  process.stderr.write('\n')
  // As if it had come an hour ago: what is younger than the last sweep is looked at for twins on every question.
  for (const table of ['events', 'event_ids']) {
    await run(
      `ALTER TABLE ${database}.${table} UPDATE stored_at = stored_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync=2`,
    )
  }
  await store.removeTwins()
}
