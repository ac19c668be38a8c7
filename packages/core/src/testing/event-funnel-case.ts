import type { EventStore, StoredEvent } from '../ports/event-store.js'
import type { FunnelPlan, FunnelStepResult } from '../ports/funnel-plan.js'
import { HOUR, MINUTE, SCOPE } from './event-store-case.js'
import { visits } from './event-visits.js'

/** Events of a name. */
export const is = (event: string): FunnelPlan['steps'][number] => ({ event, where: [] })

/** Steps `a`, `b`, … within an hour. */
export function funnel(names: string, fields: Partial<FunnelPlan> = {}): FunnelPlan {
  return {
    kind: 'funnel',
    ...SCOPE,
    steps: [...names].map(is),
    window_ms: HOUR,
    scope: 'person',
    order: 'ordered',
    group_by: null,
    ...fields,
  }
}

/** Events `e0`, `e1`, … of one visitor: names, each with the minutes after noon. */
export function walk(...list: readonly (readonly [string, number, Partial<StoredEvent>?])[]): StoredEvent[] {
  return visits(
    ...list.map(([event_name, minutes, fields]) => [minutes * MINUTE, { event_name, ...fields }] as const),
  )
}

/** How many took each step. */
export async function counts(store: EventStore, plan: FunnelPlan): Promise<number[]> {
  const { steps } = await store.query<'funnel'>(plan)
  return steps.map(({ count }) => count)
}

/** Medians in minutes. */
export async function minutes(store: EventStore, plan: FunnelPlan): Promise<(number | null)[]> {
  const { steps } = await store.query<'funnel'>(plan)
  return steps.map(({ median_ms }) => (median_ms === null ? null : median_ms / MINUTE))
}

/** Groups with how many of each took each step. */
export async function groups(store: EventStore, plan: FunnelPlan): Promise<(string | number)[][]> {
  const { groups: found } = await store.query<'funnel'>(plan)
  const count = ({ count: number }: FunnelStepResult): number => number
  return found.map(({ value, steps }) => [value, ...steps.map(count)])
}
