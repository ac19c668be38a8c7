import type { Analytics } from '@millimetric/core'
import { count } from './progress.js'
import { seedRange } from './seed/traffic.js'

/** The numbers that the demo shows at its start, as text. */
export async function statsTable(analytics: Analytics, now: number): Promise<string> {
  // From the hour on which a month seeded now begins: the first start shows exactly what was seeded.
  const range = { from: seedRange(now).from, to: now }
  const [events, visitors, sessions, bounces, bots, sources, daily, dailyVisitors, dailySessions] =
    await Promise.all([
      analytics.stats({ ...range, metric: 'count' }),
      analytics.stats({ ...range, metric: 'uniques' }),
      analytics.stats({ ...range, metric: 'sessions' }),
      analytics.stats({ ...range, metric: 'bounce_rate' }),
      analytics.stats({ ...range, metric: 'count', include_bots: true }),
      analytics.sources({ ...range, breakdown: 'source', limit: 8 }),
      analytics.stats({ metric: 'count', range: '7d', interval: 'day' }),
      analytics.stats({ metric: 'uniques', range: '7d', interval: 'day' }),
      analytics.stats({ metric: 'sessions', range: '7d', interval: 'day' }),
    ])
  const total = events.rows[0]?.value ?? 0
  const withBots = bots.rows[0]?.value ?? 0
  const visitorsOf = new Map(dailyVisitors.rows.map((row) => [row.bucket, row.value]))
  const sessionsOf = new Map(dailySessions.rows.map((row) => [row.bucket, row.value]))
  const bounceRate = Math.round((bounces.rows[0]?.value ?? 0) * 100)
  return [
    `Last 30 days   ${count(visitors.rows[0]?.value ?? 0)} visitors, ${count(sessions.rows[0]?.value ?? 0)} sessions (${bounceRate} % bounced), ${count(total)} events`,
    `               (${count(withBots - total)} more by crawlers are left out)`,
    '',
    ...columns(
      ['Top sources', 'visitors', 'events', 'paid'],
      sources.rows.map((row) => [
        row.source,
        count(row.uniques),
        count(row.events),
        `${Math.round(row.paid_share * 100)} %`,
      ]),
    ),
    '',
    ...columns(
      ['Last 7 days', 'visitors', 'sessions', 'events'],
      daily.rows.map(({ bucket = '', value }) => [
        bucket.slice(0, 10),
        count(visitorsOf.get(bucket) ?? 0),
        count(sessionsOf.get(bucket) ?? 0),
        count(value),
      ]),
    ),
    '',
  ].join('\n')
}

function columns(head: string[], rows: string[][]): string[] {
  const width = Math.max(16, ...rows.map(([name = '']) => name.length + 2))
  return [head, ...rows].map(
    ([name = '', ...values]) => name.padEnd(width) + values.map((value) => value.padStart(12)).join(''),
  )
}
