// Nothing here runs: `npm run typecheck` is the test. A line under @ts-expect-error must not compile.
import type { Analytics } from '@millimetric/core'
import type { AnyStatsRow, Metric, StatsParams } from '@millimetric/schema/wire'
import type { Expect, Same } from './same.js'

declare const analytics: Analytics
declare const maybe: boolean

const range = '7d'

export async function contract(): Promise<void> {
  const plain = await analytics.stats({ range })
  type Plain = (typeof plain)['rows'][number]
  const rate = await analytics.stats({
    range,
    metric: 'bounce_rate',
    group_by: ['source', 'properties.plan'],
  })
  type Rate = (typeof rate)['rows'][number]
  const checks: [
    Expect<Same<Plain, { readonly value: number }>>,
    Expect<Same<typeof plain.metric, 'count'>>,
    Expect<
      Same<
        Rate,
        { readonly source: string; readonly 'properties.plan': string; readonly value: number | null }
      >
    >,
    Expect<Same<typeof rate.metric, 'bounce_rate'>>,
  ] = [true, true, true, true]
  // @ts-expect-error no such column: the single metric is `value`
  plain.rows[0]?.count
  // @ts-expect-error no bucket without an interval
  plain.rows[0]?.bucket
  // @ts-expect-error nothing to compare with
  plain.rows[0]?.previous
  // @ts-expect-error no totals that were not asked for
  plain.totals
  // @ts-expect-error no other row that was not asked for
  plain.other
  // @ts-expect-error with `metric` there is no list
  plain.metrics
  void checks
}

export async function columns(): Promise<void> {
  const many = await analytics.stats({
    range,
    metrics: ['people', 'conversion_rate', 'sum(properties.price)', 'p95(properties.price)'],
    goal: { event: 'signup' },
    group_by: ['country'],
    interval: 'day',
    compare: 'previous_year',
    totals: true,
    other: true,
  })
  interface Values {
    readonly people: number
    readonly conversion_rate: number | null
    readonly 'sum(properties.price)': number
    readonly 'p95(properties.price)': number | null
  }
  type Flat<T> = { readonly [K in keyof T]: T[K] }
  type Row = (typeof many)['rows'][number]
  type Totals = (typeof many)['totals'][number]
  const checks: [
    Expect<Same<keyof Row, keyof Values | 'country' | 'bucket' | 'previous'>>,
    Expect<Same<Pick<Row, keyof Values>, Flat<Values>>>,
    Expect<Same<Row['bucket'], string>>,
    Expect<Same<Flat<NonNullable<Row['previous']>>, Flat<Values>>>,
    Expect<Same<Row['previous'] extends infer T ? Extract<T, null | undefined> : never, null>>,
    Expect<Same<keyof Totals, keyof Values | 'bucket' | 'previous'>>,
    Expect<Same<keyof (typeof many)['other'][number], keyof Totals>>,
  ] = [true, true, true, true, true, true, true]
  // @ts-expect-error with `metrics` there is no `value`
  many.rows[0]?.value
  void checks
}

/** What may be asked may be there. */
export async function perhaps(): Promise<void> {
  const answer = await analytics.stats({
    range,
    interval: maybe ? 'day' : undefined,
    compare: maybe ? 'previous_period' : undefined,
    totals: maybe,
    other: false,
  })
  const checks: [
    Expect<Same<(typeof answer)['rows'][number]['bucket'], string | undefined>>,
    Expect<undefined extends (typeof answer)['totals'] ? true : false>,
  ] = [true, true]
  // @ts-expect-error it may be absent
  answer.totals.length
  // @ts-expect-error said to be left out
  answer.other
  void checks
}

/** Parameters that the compiler does not know give rows of any columns. */
export async function unknown(params: StatsParams, metrics: readonly Metric[]): Promise<void> {
  const any = await analytics.stats(params)
  const list = await analytics.stats({ range, metrics })
  const checks: [Expect<Same<(typeof any)['rows'], readonly AnyStatsRow[]>>] = [true]
  const { people } = list.rows[0] ?? { people: 0 }
  void [checks, people, any.totals?.[0]]
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error no such metric
  await analytics.stats({ range, metric: 'visitors' })
  // @ts-expect-error no such metric in a list
  await analytics.stats({ range, metrics: ['people', 'visitors'] })
  // @ts-expect-error no such aggregate
  await analytics.stats({ range, metric: 'total(properties.price)' })
  // @ts-expect-error no such dimension
  await analytics.stats({ range, group_by: ['city'] })
  // @ts-expect-error no such parameter
  await analytics.stats({ range, grup_by: ['source'] })
  // @ts-expect-error no such interval
  await analytics.stats({ range, interval: 'fortnight' })
  // @ts-expect-error no such operator
  await analytics.stats({ range, filters: { field: 'path', op: 'like', value: '/' } })
  // @ts-expect-error only properties are numbers
  await analytics.stats({ range, filters: { field: 'path', op: 'gt', value: 1 } })
  // @ts-expect-error no such field, however deep
  await analytics.stats({ range, filters: [{ not: { or: [{ field: 'city', op: 'is', value: 'x' }] } }] })
  // @ts-expect-error a token takes no unit that there is not
  await analytics.tokens.create({ filters: [], expires_in: '5y' })
  await analytics.stats({
    range,
    event: 'anything',
    goal: { event: 'at all' },
    group_by: ['properties.any key'],
  })
}
