// Nothing here runs: `npm run typecheck` is the test. A line under @ts-expect-error must not compile.
import { type Analytics, createAnalytics, defineEvents, type StandardSchema } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import type { QueryParams, StatsParams } from '@millimetric/schema/wire'
import type { InCatalog, PropertyKeyOf } from '../../src/catalog.js'
import type { Expect, Same } from './same.js'

declare function schema<T>(): StandardSchema<T> & {
  readonly '~standard': { readonly types?: { readonly input: T; readonly output: T } | undefined }
}

const catalog = defineEvents({
  signup: schema<{ plan: 'free' | 'pro'; seats?: number }>(),
  purchase: schema<{ price: number; plan: string } | { voucher: string }>(),
})
const analytics = createAnalytics({ events: memoryEvents(), keys: memoryKeys(), catalog })
type Definitions = typeof analytics extends Analytics<infer D> ? D : never
type Params = InCatalog<StatsParams, Definitions>
type Keys = 'plan' | 'seats' | 'price' | 'voucher'
type Texts<T> = Extract<T, string>

/** What an editor offers is what the parameter's type holds. */
export const offered: [
  Expect<Same<PropertyKeyOf<Definitions>, Keys>>,
  Expect<Same<Params['event'], 'signup' | 'purchase' | `$${string}` | undefined>>,
  Expect<Same<NonNullable<Params['goal']>['event'], 'signup' | 'purchase' | `$${string}`>>,
  Expect<Same<Extract<Texts<Params['metric']>, `sum${string}`>, `sum(properties.${Keys})`>>,
  Expect<
    Same<Extract<Texts<NonNullable<Params['group_by']>[number]>, `prop${string}`>, `properties.${Keys}`>
  >,
  Expect<Same<InCatalog<QueryParams, Definitions>['event'], Params['event']>>,
  Expect<Same<Params['from'], StatsParams['from']>>,
  Expect<Same<Params['source'], string | undefined>>,
  // Without a catalog nothing is closed.
  Expect<Same<InCatalog<StatsParams, { [event: string]: StandardSchema }>, StatsParams>>,
] = [true, true, true, true, true, true, true, true, true]

const range = '7d'

export async function taken(): Promise<void> {
  const { rows } = await analytics.stats({
    range,
    event: 'signup',
    metrics: ['count', 'avg(properties.price)'],
    group_by: ['properties.plan', 'source'],
    goal: { event: 'purchase', filters: { field: 'properties.voucher', op: 'is_set' } },
    filters: [
      {
        or: [
          { field: 'properties.seats', op: 'gt', value: 3 },
          { field: 'path', op: 'is', value: '/' },
        ],
      },
      {
        not: {
          has_done: { event: '$pageview', filters: [{ field: 'properties.plan', op: 'is', value: 'pro' }] },
        },
      },
    ],
  })
  const checks: [
    Expect<
      Same<keyof (typeof rows)[number], 'count' | 'avg(properties.price)' | 'properties.plan' | 'source'>
    >,
  ] = [true]
  await analytics.query({ range: '7d', event: '$identify', from: new Date() })
  await analytics.sources({ range, filters: { has_not_done: { event: 'signup' } } })
  await analytics.cohorts({ range, start: { event: 'signup' }, return: { event: '$pageview' } })
  await analytics.paths({
    range,
    start: { event: 'signup', filters: { field: 'properties.plan', op: 'is_set' } },
  })
  await analytics.live({ event: 'signup' })
  await analytics.schema({ event: 'purchase' })
  void analytics.export({ event: 'purchase', filters: { field: 'properties.price', op: 'gt', value: 1 } })
  await analytics.tokens.create({
    project: 'p',
    filters: { field: 'properties.plan', op: 'is', value: 'pro' },
    metrics: ['count'],
    group_by: ['source', 'properties.plan'],
  })
  void checks
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error no such event
  await analytics.stats({ range, event: 'singup' })
  // @ts-expect-error no such event in a goal
  await analytics.stats({ range, metric: 'conversion_rate', goal: { event: 'singup' } })
  // @ts-expect-error no such event in has_done
  await analytics.stats({ range, filters: { has_done: { event: 'singup' } } })
  // @ts-expect-error no such event deeper down
  await analytics.stats({ range, filters: [{ and: [{ not: { has_not_done: { event: 'singup' } } }] }] })
  // @ts-expect-error no such property
  await analytics.stats({ range, group_by: ['properties.plam'] })
  // @ts-expect-error no such property of an aggregate
  await analytics.stats({ range, metric: 'sum(properties.prize)' })
  // @ts-expect-error no such property in a filter
  await analytics.stats({ range, filters: { field: 'properties.prize', op: 'gt', value: 1 } })
  // @ts-expect-error no such event
  await analytics.attribution({ range, conversion: { event: 'singup' } })
  // @ts-expect-error no such property
  await analytics.attribution({ range, conversion: { event: 'purchase' }, value: 'properties.prize' })
  // @ts-expect-error no such event
  await analytics.funnel({ range, steps: [{ event: 'signup' }, { event: 'singup' }] })
  // @ts-expect-error no such property
  await analytics.funnel({ range, steps: [{ event: 'signup' }], group_by: 'properties.plam' })
  // @ts-expect-error no such event
  await analytics.cohorts({ range, start: { event: 'singup' } })
  const prize = { field: 'properties.prize', op: 'is_set' } as const
  // @ts-expect-error no such property of a return event
  await analytics.cohorts({ range, return: { event: 'purchase', filters: prize } })
  // @ts-expect-error no such event
  await analytics.paths({ range, start: { event: 'singup' } })
  // @ts-expect-error no such event
  await analytics.live({ event: 'singup' })
  // @ts-expect-error no such property
  await analytics.live({ filters: { field: 'properties.prize', op: 'is', value: '' } })
  // @ts-expect-error no such event
  analytics.export({ event: 'singup' })
  // @ts-expect-error no such property
  analytics.export({ filters: [{ not: { field: 'properties.prize', op: 'is_set' } }] })
  // @ts-expect-error no such event
  await analytics.schema({ event: 'singup' })
  // @ts-expect-error no such event in has_done
  await analytics.schema({ filters: { has_done: { event: 'singup' } } })
  // @ts-expect-error no such property of a pinned group
  await analytics.tokens.create({ filters: [], metrics: ['count'], group_by: ['properties.plam'] })
  // @ts-expect-error no such event
  await analytics.query({ range, event: 'singup' })
  // @ts-expect-error no such property
  await analytics.sources({ range, filters: { field: 'properties.prize', op: 'is', value: '' } })
  // @ts-expect-error no such property
  await analytics.tokens.create({ filters: { field: 'properties.prize', op: 'is', value: '' } })
}

/** Where one schema does not say what it holds, any key may be meant. */
export const untyped: [
  Expect<Same<PropertyKeyOf<{ a: StandardSchema; b: (typeof catalog)['events']['signup'] }>, string>>,
] = [true]

// @ts-expect-error who closes the names is not somebody who takes any
export const open: Analytics = analytics
