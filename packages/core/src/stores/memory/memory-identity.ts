import type { StoredEvent } from '../../ports/event-store.js'
import { compareText } from '../../ports/order.js'

/** The user of each linked anonymous id. */
export type Links = ReadonlyMap<string, string>

export function identifies(events: readonly StoredEvent[]): StoredEvent[] {
  return events.filter(
    ({ event_name, anonymous_id, user_id }) =>
      event_name === '$identify' && anonymous_id !== '' && user_id !== '',
  )
}

/** `events` are all of a project: a link holds for every range, also before the moment it was made. */
export function linksOf(events: readonly StoredEvent[], keptFrom = 0): Links {
  const links = new Map<string, string>()
  const kept = events.filter(({ timestamp }) => timestamp >= keptFrom)
  const oldestFirst = identifies(kept).sort(
    (a, b) => a.timestamp - b.timestamp || compareText(a.event_id, b.event_id),
  )
  for (const { anonymous_id, user_id } of oldestFirst) {
    if (!links.has(anonymous_id)) links.set(anonymous_id, user_id)
  }
  return links
}

/** Users and anonymous ids are separate name spaces: the prefix keeps user "42" from visitor "42". */
export function personOf({ user_id, anonymous_id }: PersonIds, links: Links): string {
  const user = user_id === '' ? (links.get(anonymous_id) ?? '') : user_id
  return user === '' ? `a/${anonymous_id}` : `u/${user}`
}

type PersonIds = Pick<StoredEvent, 'user_id' | 'anonymous_id'>
