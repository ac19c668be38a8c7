import type { EventRow } from '@millimetric/schema/wire'
import {
  type EventStore,
  eventKeyName,
  type Filter,
  type FilterField,
  type QueryPlan,
  type QueryResults,
  type SourcesResultRow,
  type StatsResultRow,
  type StoredEvent,
} from '../../ports/event-store.js'

type Plan<K extends QueryPlan['kind']> = Extract<QueryPlan, { kind: K }>

/**
 * Events in an array: for tests and small tools, and the reference that every other store is held against.
 * Nothing survives the process.
 */
export function memoryEvents(): EventStore {
  const events = new Map<string, StoredEvent>()
  const tokens = new Set<string>()

  const answers: { [K in QueryPlan['kind']]: (plan: Plan<K>) => QueryResults[K] } = {
    events: (plan) => answerEvents(plan, inScope(plan)),
    stats: (plan) => answerStats(plan, inScope(plan)),
    sources: (plan) => answerSources(plan, inScope(plan)),
  }

  function inScope(plan: QueryPlan): StoredEvent[] {
    return [...events.values()].filter(
      (event) =>
        event.project_id === plan.project_id &&
        event.timestamp >= plan.from &&
        event.timestamp < plan.to &&
        (plan.include_bots || !event.is_bot) &&
        plan.filters.every((filter) => passes(event, filter)),
    )
  }

  return {
    name: 'memory',
    capabilities: { exactUniques: true },
    async known(keys) {
      return new Set(keys.map(eventKeyName).filter((name) => events.has(name)))
    },
    async insert({ token, events: batch }) {
      if (tokens.has(token)) return
      tokens.add(token)
      for (const event of batch) {
        const name = eventKeyName(event)
        if (!events.has(name)) events.set(name, event)
      }
    },
    async query(plan) {
      return answers[plan.kind](plan)
    },
    async close() {},
  }
}

function passes(event: StoredEvent, filter: Filter): boolean {
  return filter.values.includes(column(event, filter.field))
}

function column(event: StoredEvent, field: FilterField): string {
  return event[field]
}

function visitor(event: StoredEvent): string {
  return event.anonymous_id === '' ? `u/${event.user_id}` : `a/${event.anonymous_id}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, value] of a.entries()) {
    const order = compare(value, b[index] ?? '')
    if (order !== 0) return order
  }
  return 0
}

function facts(truncated: boolean): { truncated: boolean; estimated: boolean; answered_by: 'raw' } {
  return { truncated, estimated: false, answered_by: 'raw' }
}

function answerEvents(plan: Plan<'events'>, events: readonly StoredEvent[]): QueryResults['events'] {
  const sorted = events.toSorted(
    (a, b) =>
      b.timestamp - a.timestamp ||
      b.received_at - a.received_at ||
      b.seq - a.seq ||
      compare(b.event_id, a.event_id),
  )
  return { ...facts(sorted.length > plan.limit), rows: sorted.slice(0, plan.limit).map(toRow) }
}

function toRow(event: StoredEvent): EventRow {
  const orNull = (text: string): string | null => (text === '' ? null : text)
  return {
    timestamp: new Date(event.timestamp).toISOString(),
    event_id: event.event_id,
    event_name: event.event_name,
    anonymous_id: orNull(event.anonymous_id),
    user_id: orNull(event.user_id),
    session_id: orNull(event.session_id),
    source: event.source,
    medium: event.medium,
    campaign: orNull(event.campaign),
    channel: event.channel,
    source_confidence: event.source_confidence,
    source_rule_id: event.source_rule_id,
    referrer: orNull(event.referrer),
    url: orNull(event.url),
    path: orNull(event.path),
    country: event.country,
    device_type: event.device_type,
    browser: event.browser,
    os: event.os,
    is_bot: event.is_bot,
    properties: event.properties,
  }
}

function groupEvents<G>(
  events: readonly StoredEvent[],
  groupOf: (event: StoredEvent) => G,
): { group: G; events: StoredEvent[] }[] {
  const groups = new Map<string, { group: G; events: StoredEvent[] }>()
  for (const event of events) {
    const group = groupOf(event)
    const key = JSON.stringify(group)
    const found = groups.get(key)
    if (found === undefined) groups.set(key, { group, events: [event] })
    else found.events.push(event)
  }
  return [...groups.values()]
}

function uniques(events: readonly StoredEvent[]): number {
  return new Set(events.map(visitor)).size
}

function answerStats(plan: Plan<'stats'>, events: readonly StoredEvent[]): QueryResults['stats'] {
  const measure = (of: readonly StoredEvent[]): number => (plan.metric === 'count' ? of.length : uniques(of))
  const groupOf = (event: StoredEvent): string[] => plan.group_by.map((dimension) => event[dimension])
  const totals = groupEvents(events, groupOf)
    .map(({ group, events: of }) => ({ group, value: measure(of), events: of }))
    .sort((a, b) => b.value - a.value || compareLists(a.group, b.group))
  if (plan.group_by.length === 0 && totals.length === 0) totals.push({ group: [], value: 0, events: [] })
  const kept = totals.slice(0, plan.limit)
  const { buckets } = plan
  const rows: StatsResultRow[] =
    buckets === null
      ? kept.map(({ group, value }) => ({ group, bucket: null, value }))
      : kept
          .flatMap(({ group, events: of }) =>
            groupEvents(of, (event) => buckets.findLast((start) => start <= event.timestamp) ?? 0).map(
              ({ group: bucket, events: inBucket }) => ({ group, bucket, value: measure(inBucket) }),
            ),
          )
          .sort((a, b) => a.bucket - b.bucket || b.value - a.value || compareLists(a.group, b.group))
  return { ...facts(totals.length > plan.limit), rows }
}

function answerSources(plan: Plan<'sources'>, events: readonly StoredEvent[]): QueryResults['sources'] {
  const withMedium = plan.breakdown === 'source_medium'
  const rows: SourcesResultRow[] = groupEvents(events, (event) => [
    event.source,
    withMedium ? event.medium : '',
  ])
    .map(({ group, events: of }) => ({
      source: group[0] ?? '',
      medium: group[1] ?? '',
      events: of.length,
      uniques: uniques(of),
      paid_events: of.filter((event) => event.medium === 'paid').length,
    }))
    .sort((a, b) => b.events - a.events || compare(a.source, b.source) || compare(a.medium, b.medium))
  return { ...facts(rows.length > plan.limit), rows: rows.slice(0, plan.limit) }
}
