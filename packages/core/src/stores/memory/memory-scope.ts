import type { Filter, PersonPlan, QueryPlan, StoredEvent } from '../../ports/event-store.js'

export function passes(event: StoredEvent, { field, values }: Filter): boolean {
  return values.includes(event[field])
}

/** Those events that a plan asks about. */
export function inScope(plan: Exclude<QueryPlan, PersonPlan>, events: readonly StoredEvent[]): StoredEvent[] {
  return events.filter(
    (event) =>
      event.timestamp >= plan.from &&
      event.timestamp < plan.to &&
      (plan.include_bots || !event.is_bot) &&
      plan.filters.every((filter) => passes(event, filter)),
  )
}
