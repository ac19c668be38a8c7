import type { StoredEvent } from '../../ports/event-store.js'
import { compareMoments, compareText } from '../../ports/order.js'
import type { PersonIds, PersonPlan, PersonResult, Touch } from '../../ports/query-plan.js'
import { identifies, linksOf } from './memory-identity.js'
import { pageOf } from './memory-reports.js'
import { meets, rowSubject } from './memory-world.js'

/** Counts whatever is the person's, crawlers' events too: a person who asks for their data gets all of it. */
export function answerPerson(plan: PersonPlan, all: readonly StoredEvent[]): PersonResult {
  const links = seenLinks(plan, all)
  const user_id = plan.user_id === '' ? (links.own.get(plan.anonymous_id) ?? '') : plan.user_id
  const person = user_id === '' ? plan : { user_id, anonymous_id: '' }
  const own = all
    .filter((event) => exists(event, plan))
    .filter(({ timestamp }) => timestamp >= plan.from && timestamp < plan.to)
    .filter(ofPerson(person, links))
    .sort(compareMoments)
  const withUrl = own.filter(({ url }) => url !== '')
  const ids = (list: readonly (readonly [visitor: string, user: string])[]): string[] =>
    distinct(list.filter(([, user]) => user === user_id).map(([visitor]) => visitor))
  return {
    ...pageOf(plan, own),
    user_id,
    anonymous_ids: user_id === '' ? [plan.anonymous_id] : ids([...links.own]),
    conflicts: user_id === '' ? [] : ids(links.others),
    events: own.length,
    first_seen: own.at(0)?.timestamp ?? null,
    last_seen: own.at(-1)?.timestamp ?? null,
    first_touch: touchOf(withUrl.at(0)),
    last_touch: touchOf(withUrl.at(-1)),
    traits: traitsOf(own),
  }
}

/** Visitors with users of whom the asker sees that they are linked; and those who said so, but are seen to be linked to others. */
interface SeenLinks {
  readonly own: ReadonlyMap<string, string>
  readonly others: readonly (readonly [visitor: string, user: string])[]
}

function seenLinks(plan: Pick<PersonPlan, 'kept_from' | 'visible'>, all: readonly StoredEvent[]): SeenLinks {
  const links = linksOf(all, plan.kept_from)
  const said = identifies(all)
    .filter((event) => event.timestamp >= (plan.kept_from ?? 0) && exists(event, plan))
    .map(({ anonymous_id, user_id }) => [anonymous_id, user_id] as const)
  const linked = ([visitor, user]: readonly [string, string]): boolean => links.get(visitor) === user
  const own = new Map(said.filter(linked))
  return { own, others: said.filter((one) => !linked(one) && own.has(one[0])) }
}

function ofPerson(person: PersonIds, { own }: SeenLinks): (event: StoredEvent) => boolean {
  return ({ user_id, anonymous_id }) => {
    if (user_id !== '') return user_id === person.user_id
    return person.user_id === ''
      ? anonymous_id === person.anonymous_id
      : own.get(anonymous_id) === person.user_id
  }
}

function exists(event: StoredEvent, { visible = [] }: Pick<PersonPlan, 'visible'>): boolean {
  return visible.every((condition) => meets(condition, rowSubject(event)))
}

/** Of each key the last; a key such as `__proto__` is one like any other. */
function traitsOf(oldestFirst: readonly StoredEvent[]): Record<string, unknown> {
  const traits = new Map<string, unknown>()
  for (const { event_name, properties } of oldestFirst) {
    if (event_name !== '$identify') continue
    for (const [key, value] of Object.entries(Object(JSON.parse(properties)))) traits.set(key, value)
  }
  return Object.fromEntries(traits)
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort(compareText)
}

function touchOf(event: StoredEvent | undefined): Touch | null {
  if (event === undefined) return null
  const { timestamp, source, medium, campaign, channel } = event
  return { timestamp, source, medium, campaign, channel }
}
