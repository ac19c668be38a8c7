// The calls whose cost for the compiler is measured. It sees no zod and no Node here, so the numbers are those of our types.
import type {
  CohortsParams,
  FunnelParams,
  NoOthers,
  PathsParams,
  SourcesParams,
  StatsParams,
  StatsResponse,
} from '@millimetric/schema/wire'
import type { InCatalog, StandardSchema } from '../../../src/catalog.js'

interface Fields {
  plan: string
  price: number
  seats: number
  voucher: string
}

/** As large as catalogs get: what is offered grows with events plus properties, and not with their product. */
type Definitions = {
  readonly [Name in `event_${Digit}${Digit}`]: StandardSchema<Fields & { [K in Name]: string }>
}
type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

declare function stats<const P extends InCatalog<StatsParams, Definitions>>(
  params: P & NoOthers<P, StatsParams>,
): StatsResponse<P>
declare function open<const P extends StatsParams>(params: P & NoOthers<P, StatsParams>): StatsResponse<P>
declare function sources(params: InCatalog<SourcesParams, Definitions>): void
declare function funnel(params: InCatalog<FunnelParams, Definitions>): void
declare function cohorts(params: InCatalog<CohortsParams, Definitions>): void
declare function paths(params: InCatalog<PathsParams, Definitions>): void

const range = '7d'

export const a: number = stats({ range }).rows.length
export const b: number | null | undefined = stats({
  range,
  metrics: ['people', 'bounce_rate', 'p95(properties.price)', 'sum(properties.event_42)'],
  group_by: ['source', 'properties.plan'],
  interval: 'day',
  compare: 'previous_period',
  totals: true,
  other: true,
  goal: { event: 'event_07' },
  filters: [
    {
      or: [
        { field: 'properties.seats', op: 'gt', value: 3 },
        { not: { field: 'path', op: 'is', value: '/' } },
      ],
    },
    { has_done: { event: 'event_99', filters: { field: 'properties.voucher', op: 'is_set' } } },
  ],
}).rows[0]?.bounce_rate
export const c: string | undefined = stats({ range, metric: 'uniques', group_by: ['properties.event_13'] })
  .rows[0]?.['properties.event_13']
export const d: number | undefined = open({ range, metrics: ['count', 'sum(properties.any)'], totals: true })
  .totals[0]?.count
sources({ range, event: 'event_00', filters: { field: 'properties.plan', op: 'is', value: 'pro' } })
funnel({
  range,
  steps: [
    { event: 'event_00' },
    { event: 'event_99', filters: { field: 'properties.seats', op: 'gt', value: 3 } },
  ],
  group_by: 'properties.plan',
})
cohorts({ range, start: { event: 'event_00' }, return: { event: '$pageview' } })
paths({ range, start: { event: 'event_17', filters: { field: 'properties.event_17', op: 'is_set' } } })
