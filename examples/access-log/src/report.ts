import type { Analytics } from '@millimetric/core'
import { HIT } from './to-event.js'

const DAY = 86_400_000
const TOP = 10

/** What `--json` prints. */
export interface LogReport {
  days: { day: string; hits: number; visitors: number }[]
  sources: { source: string; medium: string; hits: number; visitors: number }[]
  pages: { path: string; hits: number }[]
}

/** Counts the days of the log, crawlers included: a log analyser counts them too. */
export async function countLog(analytics: Analytics, log: { from: number; to: number }): Promise<LogReport> {
  const from = Math.floor(log.from / DAY) * DAY
  const to = (Math.floor(log.to / DAY) + 1) * DAY
  const range = { from, to, timezone: 'UTC', event: HIT, include_bots: true }
  const [hits, visitors, sources, pages] = await Promise.all([
    analytics.stats({ ...range, metric: 'count', interval: 'day' }),
    analytics.stats({ ...range, metric: 'uniques', interval: 'day' }),
    analytics.sources({ ...range, limit: TOP }),
    analytics.stats({ ...range, metric: 'count', group_by: ['path'], limit: TOP }),
  ])
  const visitorsOf = new Map(visitors.rows.map((row) => [row.bucket, row.value]))
  return {
    days: hits.rows.map(({ bucket = '', value }) => {
      return { day: bucket.slice(0, 10), hits: value, visitors: visitorsOf.get(bucket) ?? 0 }
    }),
    sources: sources.rows.map(({ source, medium = '', events, uniques }) => {
      return { source, medium, hits: events, visitors: uniques }
    }),
    pages: pages.rows.map(({ path = '', value }) => ({ path, hits: value })),
  }
}

/** The report as three tables on stdout. */
export function printReport({ days, sources, pages }: LogReport): void {
  print(
    'Day (UTC)',
    ['hits', 'visitors'],
    days.map(({ day, hits, visitors }) => [day, hits, visitors]),
  )
  print(
    'Source / medium',
    ['hits', 'visitors'],
    sources.map(({ source, medium, hits, visitors }) => [`${source} / ${medium}`, hits, visitors]),
  )
  print(
    'Page',
    ['hits'],
    pages.map(({ path, hits }) => [path, hits]),
  )
}

function print(title: string, columns: string[], rows: readonly (readonly [string, ...number[]])[]): void {
  const width = Math.max(title.length, ...rows.map(([name]) => name.length))
  const lines = [[title, ...columns], ...rows.map(([name, ...values]) => [name, ...values.map(String)])]
  for (const [name = '', ...values] of lines) {
    process.stdout.write(`${name.padEnd(width)}${values.map((value) => value.padStart(11)).join('')}\n`)
  }
  process.stdout.write('\n')
}
