import { analytics } from '../analytics'
import { SITE } from '../site'
import { HEADLINES, type Question, questionOf, RANGES, type Range, type View } from './view'

const ROWS = 8
const WEEKS = 9

/** Everything the page shows, asked in process and at once: no key, no HTTP. */
export async function ask(view: View, now: number) {
  const question = questionOf(view, now)
  const { from: _from, to: _to, ...rest } = question
  const { range, metric } = view
  const goal = SITE.goal
  const [live, headline, series, sources, channels, pages, countries, devices, browsers, funnel, cohorts] =
    await Promise.all([
      visitorsNow(),
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
      analytics.funnel({ ...question, ...SITE.funnel }),
      analytics.cohorts({ ...rest, range: `${WEEKS * 7}d`, interval: 'week', periods: WEEKS - 1 }),
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
    funnel,
    // The range may begin within a week, whose people are then not all here.
    cohorts: cohorts.cohorts.slice(-WEEKS),
  }
}
export type Answers = Awaited<ReturnType<typeof ask>>

/** Visitors of the last five minutes. */
export async function visitorsNow(): Promise<number> {
  const { visitors } = await analytics.live({})
  return visitors
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
