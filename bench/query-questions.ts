import type { Analytics } from '@millimetric/core'

/** A question with the best SQL by hand for it, in `sql/<name>.sql`. Both give the same rows. */
export interface Question {
  name: string
  /** Rows as lists, in order. */
  ask(analytics: Analytics, range: { from: string; to: string }): Promise<unknown[][]>
}

const list = (rows: readonly object[]): unknown[][] => rows.map((row) => Object.values(row))

export const QUESTIONS: readonly Question[] = [
  {
    name: 'stats-by-source',
    ask: async (analytics, range) =>
      list(
        (
          await analytics.stats({
            ...range,
            metrics: ['people', 'pageviews', 'bounce_rate'],
            group_by: ['source'],
          })
        ).rows,
      ),
  },
  {
    name: 'stats-daily',
    ask: async (analytics, range) => {
      const { rows } = await analytics.stats({
        ...range,
        metrics: ['count', 'uniques'],
        interval: 'day',
        raw: true,
      })
      return rows.map(({ bucket, count, uniques }) => [bucket.slice(0, 10), count, uniques])
    },
  },
  {
    name: 'stats-pages',
    ask: async (analytics, range) =>
      list(
        (
          await analytics.stats({
            ...range,
            metrics: ['pageviews', 'uniques'],
            group_by: ['path'],
            filters: [
              { field: 'event_name', op: 'is', value: '$pageview' },
              { field: 'device_type', op: 'is', value: 'mobile' },
              { field: 'country', op: 'is', value: ['DE', 'FR'] },
            ],
          })
        ).rows,
      ),
  },
  {
    name: 'stats-revenue',
    ask: async (analytics, range) =>
      list(
        (
          await analytics.stats({
            ...range,
            event: 'purchase',
            metrics: ['count', 'sum(properties.price)', 'median(properties.price)'],
            group_by: ['properties.plan'],
          })
        ).rows,
      ),
  },
  {
    name: 'stats-conversion',
    ask: async (analytics, range) =>
      list(
        (
          await analytics.stats({
            ...range,
            metrics: ['people', 'conversion_rate'],
            group_by: ['source'],
            goal: { event: 'signup' },
          })
        ).rows,
      ),
  },
]
