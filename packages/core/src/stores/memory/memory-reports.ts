import type { EventRow } from '@millimetric/schema/wire'
import type {
  EventsPlan,
  QueryResults,
  SourcesPlan,
  SourcesResultRow,
  StatsPlan,
  StoredEvent,
} from '../../ports/event-store.js'
import { linksOf, personOf } from './memory-identity.js'
import { compareMoments, compareText } from './memory-order.js'
import { inScope } from './memory-scope.js'
import { groupItems, tabulate } from './memory-table.js'

function facts(truncated: boolean): { truncated: boolean; estimated: boolean; answered_by: 'raw' } {
  return { truncated, estimated: false, answered_by: 'raw' }
}

export function answerEvents(plan: EventsPlan, all: readonly StoredEvent[]): QueryResults['events'] {
  const newestFirst = inScope(plan, all).sort((a, b) => compareMoments(b, a))
  return { ...facts(newestFirst.length > plan.limit), rows: newestFirst.slice(0, plan.limit).map(toRow) }
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

function countDistinct(events: readonly StoredEvent[], nameOf: (event: StoredEvent) => string): number {
  return new Set(events.map(nameOf)).size
}

function visitorOf({ anonymous_id, user_id }: StoredEvent): string {
  return anonymous_id === '' ? `u/${user_id}` : `a/${anonymous_id}`
}

export function answerStats(plan: StatsPlan, all: readonly StoredEvent[]): QueryResults['stats'] {
  const links = linksOf(all, plan.kept_from)
  const measures: { [M in StatsPlan['metric']]: (events: readonly StoredEvent[]) => number } = {
    count: (events) => events.length,
    uniques: (events) => countDistinct(events, visitorOf),
    people: (events) => countDistinct(events, (event) => personOf(event, links)),
    pageviews: (events) => events.filter(({ event_name }) => event_name === '$pageview').length,
  }
  const { cells, truncated } = tabulate(inScope(plan, all), {
    groupOf: (event) => plan.group_by.map((dimension) => event[dimension]),
    momentOf: ({ timestamp }) => timestamp,
    valueOf: measures[plan.metric],
    total: plan.group_by.length === 0,
    buckets: plan.buckets,
    limit: plan.limit,
  })
  return {
    ...facts(truncated),
    rows: cells.map(({ group, bucket, value }) => ({ group, bucket, value })),
  }
}

export function answerSources(plan: SourcesPlan, all: readonly StoredEvent[]): QueryResults['sources'] {
  const mediumOf = ({ medium }: StoredEvent): string => (plan.breakdown === 'source_medium' ? medium : '')
  const groups = groupItems(inScope(plan, all), (event) => [event.source, mediumOf(event)])
  const rows: SourcesResultRow[] = [...groups.values()]
    .flatMap((events) =>
      events.slice(0, 1).map((first) => ({
        source: first.source,
        medium: mediumOf(first),
        events: events.length,
        uniques: countDistinct(events, visitorOf),
        paid_events: events.filter(({ medium }) => medium === 'paid').length,
      })),
    )
    .sort((a, b) => b.events - a.events || compareText(a.source, b.source) || compareText(a.medium, b.medium))
  return { ...facts(rows.length > plan.limit), rows: rows.slice(0, plan.limit) }
}
