import type { EventRow } from '@millimetric/schema/wire'
import type { StoredEvent } from '../../ports/event-store.js'
import { compareMoments, compareText } from '../../ports/order.js'
import type {
  EventMoment,
  EventsPlan,
  EventsResult,
  QueryResults,
  SourcesPlan,
  SourcesResultRow,
} from '../../ports/query-plan.js'
import { visitorOf } from './memory-stats.js'
import { groupItems } from './memory-table.js'
import { createWorld } from './memory-world.js'

function facts(truncated: boolean): { truncated: boolean; estimated: boolean; answered_by: 'raw' } {
  return { truncated, estimated: false, answered_by: 'raw' }
}

export function answerEvents(plan: EventsPlan, all: readonly StoredEvent[]): EventsResult {
  return pageOf(plan, createWorld(plan, all).asked)
}

export function pageOf(
  { after, limit }: Pick<EventsPlan, 'after' | 'limit'>,
  events: readonly StoredEvent[],
): EventsResult {
  const newestFirst = events
    .filter((event) => after === null || after === undefined || compareMoments(event, after) < 0)
    .sort((a, b) => compareMoments(b, a))
  const truncated = newestFirst.length > limit
  return {
    ...facts(truncated),
    rows: newestFirst.slice(0, limit).map(toRow),
    next: truncated ? momentOf(newestFirst[limit - 1]) : null,
  }
}

export function momentOf(event: StoredEvent | undefined): EventMoment | null {
  if (event === undefined) return null
  const { timestamp, received_at, seq, event_id } = event
  return { timestamp, received_at, seq, event_id }
}

export function orNull(text: string): string | null {
  return text === '' ? null : text
}

export function toRow(event: StoredEvent): EventRow {
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

export function answerSources(plan: SourcesPlan, all: readonly StoredEvent[]): QueryResults['sources'] {
  const mediumOf = ({ medium }: StoredEvent): string => (plan.breakdown === 'source_medium' ? medium : '')
  const groups = groupItems(createWorld(plan, all).asked, (event) => [event.source, mediumOf(event)])
  const rows: SourcesResultRow[] = [...groups.values()]
    .flatMap((events) =>
      events.slice(0, 1).map((first) => ({
        source: first.source,
        medium: mediumOf(first),
        events: events.length,
        uniques: new Set(events.map(visitorOf)).size,
        paid_events: events.filter(({ medium }) => medium === 'paid').length,
      })),
    )
    .sort((a, b) => b.events - a.events || compareText(a.source, b.source) || compareText(a.medium, b.medium))
  return { ...facts(rows.length > plan.limit), rows: rows.slice(0, plan.limit) }
}
