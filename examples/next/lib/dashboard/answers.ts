import { analytics } from '../analytics'
import { SITE } from '../site'
import { HEADLINES, type Question, questionOf, RANGES, type Range, type View } from './view'

const ROWS = 8

/** Everything the page shows, asked in process and at once: no key, no HTTP. */
export async function ask(view: View, now: number) {
  const question = questionOf(view, now)
  const { range, metric } = view
  const goal = SITE.goal
  const [live, headline, series, sources, channels, pages, countries, devices, browsers] = await Promise.all([
    peopleNow(now),
    analytics.stats({ ...question, metrics: HEADLINES, goal, compare: 'previous_period' }),
    analytics.stats({
      ...seriesRange(question, range),
      metric,
      ...(metric === 'conversion_rate' ? { goal } : {}),
      interval: RANGES[range].interval,
      compare: 'previous_period',
    }),
    analytics.sources({ ...question, breakdown: 'source', limit: 200 }),
    analytics.stats({
      ...question,
      metrics: ['people', 'conversion_rate'],
      goal,
      group_by: ['channel'],
      limit: ROWS,
    }),
    analytics.stats({
      ...question,
      event: '$pageview',
      metrics: ['pageviews', 'people'],
      group_by: ['path'],
      limit: ROWS,
    }),
    analytics.stats({ ...question, metrics: ['people'], group_by: ['country'], limit: ROWS }),
    analytics.stats({ ...question, metrics: ['people'], group_by: ['device_type'], limit: ROWS }),
    analytics.stats({ ...question, metrics: ['people'], group_by: ['browser'], limit: 5 }),
  ])
  return {
    live,
    headline,
    series,
    // The report is in order of events; here the eye follows visitors.
    sources: sources.rows.toSorted((a, b) => b.uniques - a.uniques).slice(0, ROWS),
    channels: channels.rows,
    pages: pages.rows,
    countries: countries.rows,
    devices: devices.rows,
    browsers: browsers.rows,
  }
}
export type Answers = Awaited<ReturnType<typeof ask>>

/** People of the last five minutes. */
export async function peopleNow(now: number): Promise<number> {
  const { rows } = await analytics.stats({ from: now - 5 * 60_000, to: now, metric: 'people' })
  return rows[0]?.value ?? 0
}

/** The dashed line of the series is made of whole days, each below the day of the same place. */
function seriesRange({ from, to, ...rest }: Question, range: Range) {
  return range === '24h' ? { from, to, ...rest } : { range, ...rest }
}

/** When anything was last heard of at all; undefined while the project is empty. */
export async function lastEvent(): Promise<string | undefined> {
  const { rows } = await analytics.query({ range: '3650d', include_bots: true, limit: 1 })
  return rows[0]?.timestamp
}
