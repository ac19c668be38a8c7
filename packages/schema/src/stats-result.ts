import type { StatsDimension } from './dimensions.js'
import type { Metric, NullableMetric, ResultMeta, StatsParams } from './questions.js'

type Falsy = undefined | false

/** Says no to parameters that there are not: a type parameter would take them in silence. */
export type NoOthers<P, Known> = string extends keyof P
  ? unknown
  : { readonly [Name in Exclude<keyof P, keyof Known>]: never }

/** The value of a metric in a row. */
export type MetricValue<M extends string> = M extends NullableMetric ? number | null : number

/** The metric of the contract's single-metric call; `count` when the parameters name none. */
export type MetricOf<P> = P extends { readonly metric?: infer M }
  ? [Extract<M, Metric>] extends [never]
    ? 'count'
    : Extract<M, Metric>
  : 'count'

/** Columns of the metrics: one a name with `metrics`, else `value`. */
export type MetricColumns<P> = P extends { readonly metrics: readonly (infer M)[] }
  ? { readonly [Name in Extract<M, Metric>]: MetricValue<Name> }
  : { readonly value: MetricValue<MetricOf<P>> }

type GroupColumns<P> = P extends { readonly group_by: readonly (infer D)[] }
  ? { readonly [Name in Extract<D, StatsDimension>]: string }
  : unknown

/** Columns that are there when a parameter asks for them, and perhaps there when it may. */
type When<Asked, Columns> = [Exclude<Asked, Falsy>] extends [never]
  ? unknown
  : [Extract<Asked, Falsy>] extends [never]
    ? Columns
    : Partial<Columns>

/** `bucket`: start of the bucket, ISO 8601 with the offset of the zone. */
type BucketColumn<P> = P extends { readonly interval?: infer I }
  ? When<I, { readonly bucket: string }>
  : unknown

/** `previous`: the same columns of the range compared to; null where that has no such bucket. */
type PreviousColumn<P> = P extends { readonly compare?: infer C }
  ? When<C, { readonly previous: MetricColumns<P> | null }>
  : unknown

type Flat<T> = { readonly [K in keyof T]: T[K] }

/** One row of `stats`, with exactly the columns that the parameters ask for. */
export type StatsRow<P = StatsParams> = [StatsParams] extends [P]
  ? AnyStatsRow
  : Flat<GroupColumns<P> & BucketColumn<P> & MetricColumns<P> & PreviousColumn<P>>

/** A row without its groups: of `totals` and of `other`. */
export type StatsSummaryRow<P = StatsParams> = [StatsParams] extends [P]
  ? AnyStatsRow
  : Flat<BucketColumn<P> & MetricColumns<P> & PreviousColumn<P>>

/** A row when the parameters are not known to the compiler. */
export interface AnyStatsRow {
  readonly bucket?: string
  readonly previous?: { readonly [metric: string]: number | null } | null
  readonly [column: string]: string | number | null | undefined | { readonly [metric: string]: number | null }
}

type Summary<P, Name extends 'totals' | 'other'> = P extends { readonly [N in Name]?: infer Asked }
  ? When<Asked, { readonly [N in Name]: readonly StatsSummaryRow<P>[] }>
  : unknown

interface StatsAnswer<P> {
  rows: readonly StatsRow<P>[]
  meta: ResultMeta
}

/** The answer of `stats`. `metric` as asked for, or `metrics`. */
export type StatsResponse<P = StatsParams> = [StatsParams] extends [P]
  ? StatsAnswer<P> & {
      metric?: Metric
      metrics?: readonly Metric[]
      totals?: readonly AnyStatsRow[]
      other?: readonly AnyStatsRow[]
    }
  : StatsAnswer<P> &
      (P extends { readonly metrics: infer M } ? { metrics: M } : { metric: MetricOf<P> }) &
      Summary<P, 'totals'> &
      Summary<P, 'other'>
