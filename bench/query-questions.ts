import type { Analytics } from '@millimetric/core'
import { LIMITS } from '@millimetric/schema/limits'
import { type AttributionModel, type FunnelScope, JSON_TYPES } from '@millimetric/schema/wire'

/** A question with the best SQL by hand for it, in `sql/<name>.sql`. Both give the same rows. */
export interface Question {
  name: string
  /** Rows in order, as objects or lists. The clock of `analytics` stands at the end of the range. */
  ask(analytics: Analytics, range: { from: string; to: string }): Promise<readonly object[]>
}

/** The values of each row, as the SQL by hand has them. */
export function valuesOf(rows: readonly object[]): unknown[][] {
  return rows.map((row) => (Array.isArray(row) ? row : Object.values(row)))
}

const seenOf = (seen: { count: number; first_seen: string; last_seen: string }): number[] => [
  seen.count,
  Date.parse(seen.first_seen),
  Date.parse(seen.last_seen),
]

const attribution = (model: AttributionModel): Question['ask'] => {
  const asked = { conversion: { event: 'purchase' }, value: 'properties.price', model } as const
  return async (analytics, range) => (await analytics.attribution({ ...range, ...asked })).rows
}

const STEPS = [{ event: '$pageview' }, { event: 'signup' }, { event: 'purchase' }]
const funnel = (scope: FunnelScope): Question['ask'] => {
  const asked = { steps: STEPS, window: '14d', scope } as const
  return async (analytics, range) =>
    (await analytics.funnel({ ...range, ...asked })).steps.map(({ count, median_seconds }) => [
      count,
      median_seconds,
    ])
}

const REPORT_QUESTIONS: readonly Question[] = [
  { name: 'attribution', ask: attribution('last_non_direct') },
  { name: 'attribution-first', ask: attribution('first') },
  { name: 'attribution-linear', ask: attribution('linear') },
  { name: 'funnel', ask: funnel('person') },
  { name: 'funnel-sessions', ask: funnel('session') },
  {
    name: 'funnel-first-touch',
    ask: async (analytics, range) => {
      const asked = { steps: STEPS, window: '14d', group_by: 'first_touch.source' } as const
      const { groups } = await analytics.funnel({ ...range, ...asked })
      return (groups ?? []).map(({ value, steps }) => [value, ...steps.map(({ count }) => count)])
    },
  },
  {
    name: 'cohorts-daily',
    ask: async (analytics, range) => {
      const { cohorts } = await analytics.cohorts({ ...range, interval: 'day', periods: 7 })
      return cohorts.map(({ cohort, size, returned }) => [cohort.slice(0, 10), size, returned])
    },
  },
  {
    name: 'sources',
    ask: async (analytics, range) => (await analytics.sources(range)).rows,
  },
  {
    name: 'query',
    ask: async (analytics, range) => (await analytics.query(range)).rows,
  },
  {
    name: 'export',
    ask: async (analytics, range) => {
      const rows: object[] = []
      for await (const row of analytics.export(range)) if (rows.push(row) === LIMITS.exportPage) break
      return rows
    },
  },
  {
    name: 'schema',
    ask: async (analytics, range) => {
      const { events } = await analytics.schema(range)
      return events.map(({ name, properties, ...seen }) => [
        name,
        ...seenOf(seen),
        properties.map(({ key, types, ...own }) => [
          key,
          ...seenOf(own),
          JSON_TYPES.map((type) => types[type] ?? 0),
        ]),
      ])
    },
  },
  {
    name: 'paths-backward',
    ask: async (analytics, range) => {
      const asked = { from_page: '/p5', direction: 'backward', steps: 3, limit: 50 } as const
      return (await analytics.paths({ ...range, ...asked })).links
    },
  },
  {
    name: 'cohorts',
    ask: async (analytics, range) => {
      const { cohorts } = await analytics.cohorts({ ...range, interval: 'week', periods: 4 })
      return cohorts.map(({ cohort, size, returned }) => [cohort.slice(0, 10), size, returned])
    },
  },
  {
    name: 'cohorts-signup',
    ask: async (analytics, range) => {
      const { cohorts } = await analytics.cohorts({
        ...range,
        periods: 4,
        start: { event: 'signup' },
        return: { event: '$pageview' },
      })
      return cohorts.flatMap(({ cohort, returned }) =>
        returned.flatMap((people, distance) =>
          people === null || people === 0 ? [] : [[cohort.slice(0, 10), distance, people]],
        ),
      )
    },
  },
  {
    name: 'paths',
    ask: async (analytics, range) =>
      (await analytics.paths({ ...range, from_page: '/p5', steps: 3, limit: 50 })).links,
  },
  {
    name: 'live',
    ask: async (analytics) => {
      const answer = await analytics.live({ minutes: 30 })
      const { visitors, events, pages, sources, countries, per_minute } = answer
      const minutes = per_minute.map((minute) => [minute.events, minute.visitors])
      return [[visitors, events, valuesOf(pages), valuesOf(sources), valuesOf(countries), minutes]]
    },
  },
  {
    name: 'person',
    ask: async (analytics, range) => {
      const answer = await analytics.person({ ...range, user_id: 'u5', limit: 100 })
      const { anonymous_ids, conflicts, events, traits, timeline } = answer
      const [first, last] = [answer.first_seen, answer.last_seen].map((at) =>
        at === null ? null : Date.parse(at),
      )
      const [first_touch, last_touch] = [answer.first_touch, answer.last_touch].map((touch) => {
        if (touch === null) return []
        const { timestamp, source, medium, campaign, channel } = touch
        return [[Date.parse(timestamp), source, medium, campaign ?? '', channel]]
      })
      const said = Object.entries(traits)
        .map(([key, value]) => [key, JSON.stringify(value)])
        .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
      return [
        [anonymous_ids, conflicts, events, first, last, first_touch, last_touch, said, valuesOf(timeline)],
      ]
    },
  },
]

const STATS_QUESTIONS: readonly Question[] = [
  {
    name: 'stats-by-source',
    ask: async (analytics, range) =>
      (
        await analytics.stats({
          ...range,
          metrics: ['people', 'pageviews', 'bounce_rate'],
          group_by: ['source'],
        })
      ).rows,
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
    name: 'stats-rolled',
    ask: async (analytics, range) => {
      const { rows } = await analytics.stats({ ...range, metrics: ['count', 'uniques'], interval: 'day' })
      return rows.map(({ bucket, count, uniques }) => [bucket.slice(0, 10), count, uniques])
    },
  },
  {
    name: 'stats-series',
    ask: async (analytics, range) => {
      const { rows } = await analytics.stats({
        ...range,
        metrics: ['count', 'uniques'],
        group_by: ['source'],
        interval: 'day',
        limit: 3,
        raw: true,
      })
      return rows.map(({ bucket, source, count, uniques }) => [bucket.slice(0, 10), source, count, uniques])
    },
  },
  {
    name: 'stats-compare',
    ask: async (analytics, range) => {
      const { rows } = await analytics.stats({
        ...range,
        metrics: ['count', 'uniques'],
        group_by: ['source'],
        compare: 'previous_period',
        raw: true,
      })
      return rows.map(({ source, count, uniques, previous }) => [
        source,
        count,
        uniques,
        previous?.count,
        previous?.uniques,
      ])
    },
  },
  {
    name: 'stats-pages',
    ask: async (analytics, range) =>
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
  },
  {
    name: 'stats-revenue',
    ask: async (analytics, range) =>
      (
        await analytics.stats({
          ...range,
          event: 'purchase',
          metrics: ['count', 'sum(properties.price)', 'median(properties.price)'],
          group_by: ['properties.plan'],
        })
      ).rows,
  },
  {
    name: 'stats-conversion',
    ask: async (analytics, range) =>
      (
        await analytics.stats({
          ...range,
          metrics: ['people', 'conversion_rate'],
          group_by: ['source'],
          goal: { event: 'signup' },
        })
      ).rows,
  },
]

export const QUESTIONS: readonly Question[] = [...STATS_QUESTIONS, ...REPORT_QUESTIONS]
