import type { PersonPlan, PersonResult, StoredEvent, Touch } from '../../ports/event-store.js'
import { compareMoments, compareText } from './memory-order.js'

/** The user of each linked anonymous id. */
export type Links = ReadonlyMap<string, string>

function identifies(events: readonly StoredEvent[]): StoredEvent[] {
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

/** Counts whatever is the person's, crawlers' events too: a person who asks for their data gets all of it. */
export function answerPerson(plan: PersonPlan, all: readonly StoredEvent[]): PersonResult {
  const links = linksOf(all, plan.kept_from)
  const user_id = plan.user_id === '' ? (links.get(plan.anonymous_id) ?? '') : plan.user_id
  const identified = identifies(all)
    .filter((event) => event.user_id === user_id && event.timestamp >= (plan.kept_from ?? 0))
    .map(({ anonymous_id }) => anonymous_id)
  const own = all
    .filter(({ timestamp }) => timestamp >= plan.from && timestamp < plan.to)
    .filter((event) => personOf(event, links) === personOf(plan, links))
    .sort(compareMoments)
  const withUrl = own.filter(({ url }) => url !== '')
  return {
    user_id,
    anonymous_ids:
      user_id === '' ? [plan.anonymous_id] : distinct(identified.filter((id) => links.get(id) === user_id)),
    conflicts: distinct(identified.filter((id) => links.get(id) !== user_id)),
    events: own.length,
    first_touch: touchOf(withUrl.at(0)),
    last_touch: touchOf(withUrl.at(-1)),
  }
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort(compareText)
}

function touchOf(event: StoredEvent | undefined): Touch | null {
  if (event === undefined) return null
  const { timestamp, source, medium, campaign, channel } = event
  return { timestamp, source, medium, campaign, channel }
}
