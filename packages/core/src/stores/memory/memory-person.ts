import type { StoredEvent } from '../../ports/event-store.js'
import type { PersonPlan, PersonResult, Touch } from '../../ports/query-plan.js'
import { identifies, linksOf, personOf } from './memory-identity.js'
import { compareMoments, compareText } from './memory-order.js'
import { meets, rowSubject } from './memory-world.js'

/** Counts whatever is the person's, crawlers' events too: a person who asks for their data gets all of it. */
export function answerPerson(plan: PersonPlan, all: readonly StoredEvent[]): PersonResult {
  const links = linksOf(all, plan.kept_from)
  const user_id = plan.user_id === '' ? (links.get(plan.anonymous_id) ?? '') : plan.user_id
  const identified = identifies(all)
    .filter((event) => event.user_id === user_id && event.timestamp >= (plan.kept_from ?? 0))
    .map(({ anonymous_id }) => anonymous_id)
  const own = all
    .filter((event) => (plan.visible ?? []).every((condition) => meets(condition, rowSubject(event))))
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
