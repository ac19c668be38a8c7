import type { StoredEvent } from '../../ports/event-store.js'
import type { LivePlan, LiveResult } from '../../ports/live-plan.js'
import { compareLists, compareMoments } from '../../ports/order.js'
import { visitorOf } from './memory-stats.js'
import { groupItems } from './memory-table.js'
import { createWorld } from './memory-world.js'

export function answerLive(plan: LivePlan, all: readonly StoredEvent[]): LiveResult {
  const events = [...createWorld(plan, all).asked].sort(compareMoments)
  const visitors = [...groupItems(events, (event) => [visitorOf(event)]).values()]
  let truncated = false
  /** Visitors by what each stands for, at most one thing each. */
  function top(of: (own: readonly StoredEvent[]) => readonly string[] | undefined): Top[] {
    const standing = visitors.flatMap((own) => {
      const names = of(own)
      return names === undefined ? [] : [names]
    })
    const groups = [...groupItems(standing, (names) => names).values()]
    truncated ||= groups.length > plan.top
    return groups
      .map((list) => ({ names: list[0] ?? [], visitors: list.length }))
      .sort((a, b) => b.visitors - a.visitors || compareLists(a.names, b.names))
      .slice(0, plan.top)
  }
  const minutes = groupItems(events, ({ timestamp }) => [String(agoOf(plan, timestamp))])
  const lists = {
    pages: top((own) => {
      const last = own.findLast(({ path }) => path !== '')
      return last === undefined ? undefined : [last.path]
    }).map(({ names: [path = ''], visitors: count }) => ({ path, visitors: count })),
    sources: top((own) => {
      const last = own.findLast(({ medium }) => medium !== 'direct') ?? own.at(-1)
      return last === undefined ? undefined : [last.source, last.medium]
    }).map(({ names: [source = '', medium = ''], visitors: count }) => ({ source, medium, visitors: count })),
    countries: top((own) => {
      const country = own.at(-1)?.country ?? ''
      return country === '' ? undefined : [country]
    }).map(({ names: [country = ''], visitors: count }) => ({ country, visitors: count })),
  }
  return {
    truncated,
    estimated: false,
    answered_by: 'raw',
    visitors: visitors.length,
    events: events.length,
    ...lists,
    per_minute: [...minutes.values()]
      .map((list) => ({
        ago: agoOf(plan, list[0]?.timestamp ?? 0),
        events: list.length,
        visitors: new Set(list.map(visitorOf)).size,
      }))
      .sort((a, b) => a.ago - b.ago),
  }
}

interface Top {
  readonly names: readonly string[]
  readonly visitors: number
}

function agoOf({ as_of }: LivePlan, timestamp: number): number {
  return Math.floor((as_of - timestamp) / 60_000)
}
