import type { CallOptions } from '../../ports/event-store.js'
import type { FunnelPlan, FunnelResult, FunnelStepResult } from '../../ports/funnel-plan.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { funnelStatement, type Sorting } from './sql/funnel.js'

type Row = { readonly is_total: number; readonly value: string; readonly ties: number } & {
  readonly [column: string]: unknown
}

export function createFunnelAnswer(
  read: Read,
  reading: FindReading,
): (plan: FunnelPlan, options?: CallOptions) => Promise<FunnelResult> {
  return async (plan, options) => {
    const how = await reading(plan, options)
    const ask = async (sorting: Sorting): Promise<Row[]> =>
      await read<Row>(funnelStatement(how, plan, sorting), options)
    const packed = await ask('packed')
    // Somebody has events that only their ids put in order, which happens to few projects.
    const rows = packed.some(({ ties }) => ties > 0) ? await ask('exact') : packed
    const groups = plan.group_by === null ? [] : rows.filter(({ is_total }) => is_total === 0)
    return {
      ...rawFacts(groups.length > plan.limit),
      steps: stepsOf(
        plan,
        rows.find(({ is_total }) => is_total === 1),
      ),
      groups: groups.slice(0, plan.limit).map((row) => ({ value: row.value, steps: stepsOf(plan, row) })),
    }
  }
}

/** Without a row nobody took the first step. */
function stepsOf({ steps }: FunnelPlan, row: Row | undefined): FunnelStepResult[] {
  return steps.map((_, depth) => {
    const times = row?.[`times_${depth}`]
    const [median, p90]: readonly unknown[] = Array.isArray(times) ? times : []
    return {
      count: numberOr(row?.[`count_${depth}`], 0),
      median_ms: numberOr(median, null),
      p90_ms: numberOr(p90, null),
    }
  })
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' ? value : otherwise
}
