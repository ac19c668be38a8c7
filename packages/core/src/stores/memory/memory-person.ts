import type { StoredEvent } from '../../ports/event-store.js'
import type { PersonPlan, PersonResult, Touch } from '../../ports/query-plan.js'
import { identifies, linksOf, personOf } from './memory-identity.js'
import { compareMoments, compareText } from './memory-order.js'
import { meets, rowSubject } from './memory-world.js'

/** Counts whatever is the person's, crawlers' events too: a person who asks for their data gets all of it. */
export function answerPerson(plan: PersonPlan, all: readonly StoredEvent[]): PersonResult {
  const links = linksOf(all, plan.kept_from)
  const user_id = plan.user_id === '' ? (links.get(plan.anonymous_id) ?? '') : plan.user_id
  const identifying = identifies(all).filter(
    (event) => event.user_id === user_id && event.timestamp >= (plan.kept_from ?? 0),
  )
  const identified = identifying.map(({ anonymous_id }) => anonymous_id)
  const visible = (event: StoredEvent): boolean =>
    (plan.visible ?? []).every((condition) => meets(condition, rowSubject(event)))
  const own = all
    .filter(visible)
    .filter(({ timestamp }) => timestamp >= plan.from && timestamp < plan.to)
    .filter((event) => personOf(event, links) === personOf(plan, links))
    .sort(compareMoments)
  const withUrl = own.filter(({ url }) => url !== '')
  return {
    user_id,
    anonymous_ids:
      user_id === '' ? [plan.anonymous_id] : distinct(identified.filter((id) => links.get(id) === user_id)),
    conflicts: distinct(identified.filter((id) => links.get(id) !== user_id)),
    told: distinct(identifying.filter(visible).map(({ anonymous_id }) => anonymous_id)),
    events: own.length,
    first_seen: own.at(0)?.timestamp ?? null,
    last_seen: own.at(-1)?.timestamp ?? null,
    first_touch: touchOf(withUrl.at(0)),
    last_touch: touchOf(withUrl.at(-1)),
    identified: lastOfEach(
      own.filter(({ event_name }) => event_name === '$identify').map(({ properties }) => properties),
    ),
  }
}

function lastOfEach(texts: readonly string[]): string[] {
  return texts.filter((text, index) => !texts.includes(text, index + 1))
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort(compareText)
}

function touchOf(event: StoredEvent | undefined): Touch | null {
  if (event === undefined) return null
  const { timestamp, source, medium, campaign, channel } = event
  return { timestamp, source, medium, campaign, channel }
}
