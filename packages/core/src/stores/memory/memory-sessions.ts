import { SESSION_DIMENSIONS, type SessionDimension } from '@millimetric/schema/wire'
import type { StoredEvent } from '../../ports/event-store.js'
import { compareMoments } from '../../ports/order.js'
import type { PlanScope } from '../../ports/query-plan.js'
import { groupItems } from './memory-table.js'

const HALF_HOUR = 1_800_000
const DAY = 48 * HALF_HOUR

export interface Session {
  readonly events: readonly StoredEvent[]
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
      events,
      first,
      dimensions: { ...first, entry_path: views.at(0)?.path ?? '', exit_path: views.at(-1)?.path ?? '' },
      duration_ms: last.timestamp - first.timestamp,
      pageviews: views.length,
      bounced: views.length === 1 && others.length === 0,
    },
  ]
}

/** Sessions of the events from 24 hours before the range to 24 after, in whole half hours, as far as they are kept. */
export function sessionsNear(
  { from, to, kept_from = 0 }: Pick<PlanScope, 'from' | 'to' | 'kept_from'>,
  all: readonly StoredEvent[],
): Session[] {
  const since = Math.max(Math.floor((from - DAY) / HALF_HOUR) * HALF_HOUR, kept_from)
  const until = Math.ceil((to + DAY) / HALF_HOUR) * HALF_HOUR
  return sessionsOf(all.filter(({ timestamp }) => timestamp >= since && timestamp < until))
}

export function isSessionDimension(name: string): name is SessionDimension {
  return SESSION_DIMENSIONS.some((dimension) => dimension === name)
}
