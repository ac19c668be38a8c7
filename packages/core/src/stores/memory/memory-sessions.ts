import type { SessionDimension } from '@millimetric/schema/wire'
import type { QueryResults, SessionsPlan, StoredEvent } from '../../ports/event-store.js'
import { compareMoments } from './memory-order.js'
import { passes } from './memory-scope.js'
import { groupItems, tabulate } from './memory-table.js'

const HALF_HOUR = 1_800_000
const DAY = 48 * HALF_HOUR

interface Session {
  readonly first: StoredEvent
  readonly dimensions: { readonly [D in SessionDimension]: string }
  readonly duration_ms: number
  readonly pageviews: number
  readonly bounced: boolean
}

function halfHour({ timestamp }: StoredEvent): number {
  return Math.floor(timestamp / HALF_HOUR)
}

/** SDKs send the derived id along: then it is derived and not the caller's. Nothing is derived from no visitor. */
function isDerived(event: StoredEvent): boolean {
  return event.anonymous_id !== '' && event.session_id === `${event.anonymous_id}-${halfHour(event)}`
}

/** Events of one visitor, or of one caller-set id, in pieces: where `starts` says so, a new one begins. */
function cut(
  sorted: readonly StoredEvent[],
  starts: (event: StoredEvent, previous: StoredEvent, first: StoredEvent) => boolean,
): StoredEvent[][] {
  const pieces: StoredEvent[][] = []
  for (const event of sorted) {
    const piece = pieces.at(-1)
    const [first, previous] = [piece?.at(0), piece?.at(-1)]
    if (piece === undefined || first === undefined || previous === undefined) pieces.push([event])
    else if (starts(event, previous, first)) pieces.push([event])
    else piece.push(event)
  }
  return pieces
}

/** Parts of a chain, each of 48 half hours counted from the half hour of the chain's first event. */
function parts(chain: readonly StoredEvent[]): StoredEvent[][] {
  const [start] = chain
  if (start === undefined) return []
  const part = (event: StoredEvent): number => Math.floor((halfHour(event) - halfHour(start)) / 48)
  return cut(chain, (event, previous) => part(event) !== part(previous))
}

/** Every session of the events given, found by walking them one by one. */
function sessionsOf(events: readonly StoredEvent[]): Session[] {
  const inSessions = events.filter(({ session_id }) => session_id !== '').sort(compareMoments)
  const derived = groupItems(inSessions.filter(isDerived), (event) => [
    event.anonymous_id,
    String(event.is_bot),
  ])
  const callers = groupItems(
    inSessions.filter((event) => !isDerived(event)),
    (event) => [event.session_id, String(event.is_bot)],
  )
  const runs = [...derived.values()].flatMap((own) =>
    cut(own, (event, previous) => event.timestamp - previous.timestamp > HALF_HOUR),
  )
  return [...runs, ...callers.values()].flatMap(parts).flatMap(describe)
}

function describe(events: readonly StoredEvent[]): Session[] {
  const [first, last] = [events.at(0), events.at(-1)]
  if (first === undefined || last === undefined) return []
  const views = events.filter(({ event_name }) => event_name === '$pageview')
  const others = events.filter(({ event_name }) => event_name !== '$pageview' && event_name !== '$identify')
  return [
    {
      first,
      dimensions: { ...first, entry_path: views.at(0)?.path ?? '', exit_path: views.at(-1)?.path ?? '' },
      duration_ms: last.timestamp - first.timestamp,
      pageviews: views.length,
      bounced: views.length === 1 && others.length === 0,
    },
  ]
}

/** `all` are the events of the project; what lies more than a day beyond the range can't change its sessions. */
export function answerSessions(plan: SessionsPlan, all: readonly StoredEvent[]): QueryResults['sessions'] {
  const since = Math.floor((plan.from - DAY) / HALF_HOUR) * HALF_HOUR
  const until = Math.ceil((plan.to + DAY) / HALF_HOUR) * HALF_HOUR
  const near = all.filter(({ timestamp }) => timestamp >= since && timestamp < until)
  const sessions = sessionsOf(near).filter(
    ({ first }) =>
      first.timestamp >= plan.from &&
      first.timestamp < plan.to &&
      (plan.include_bots || !first.is_bot) &&
      plan.filters.every((filter) => passes(first, filter)),
  )
  const { cells, truncated } = tabulate(sessions, {
    groupOf: ({ dimensions }) => plan.group_by.map((dimension) => dimensions[dimension]),
    momentOf: ({ first }) => first.timestamp,
    valueOf: (list) => list.length,
    total: plan.group_by.length === 0,
    buckets: plan.buckets,
    limit: plan.limit,
  })
  return {
    truncated,
    estimated: false,
    answered_by: 'raw',
    rows: cells.map(({ group, bucket, items, value }) => ({
      group,
      bucket,
      sessions: value,
      bounces: items.filter(({ bounced }) => bounced).length,
      duration_ms: items.reduce((sum, { duration_ms }) => sum + duration_ms, 0),
      pageviews: items.reduce((sum, { pageviews }) => sum + pageviews, 0),
    })),
  }
}
