import type { Condition, Field, Match, TextCondition } from '../../ports/conditions.js'
import type { StoredEvent } from '../../ports/event-store.js'
import type { PlanScope } from '../../ports/query-plan.js'
import { type Links, linksOf, personOf } from './memory-identity.js'
import { patternOf } from './memory-pattern.js'
import { numberAt, textAt } from './memory-properties.js'
import { type Session, sessionsNear } from './memory-sessions.js'

/** Everything a plan may look at: who is who, which events there are, and which session each belongs to. */
export interface World {
  readonly links: Links
  /** Events that exist for the asker, whatever their time. */
  readonly visible: readonly StoredEvent[]
  /** Events of the range that meet all filters. */
  readonly asked: readonly StoredEvent[]
  /** Sessions near the range. */
  readonly sessions: readonly Session[]
  /** The one an event belongs to; undefined for an event without any. */
  session(event: StoredEvent): Session | undefined
  person(event: StoredEvent): string
  text(event: StoredEvent, field: Field): string
  holds(event: StoredEvent, condition: Condition): boolean
  matches(event: StoredEvent, match: Match): boolean
  /** Events of the range that match, whatever the question's filters. */
  matching(match: Match): StoredEvent[]
}

/** `all` are the events of the plan's project; `asked` is where `done` looks, when that is not the plan's range. */
export function createWorld(
  plan: PlanScope & { readonly asked?: { readonly from: number; readonly to: number } },
  all: readonly StoredEvent[],
): World {
  const links = linksOf(all, plan.kept_from)
  const visible = all.filter((event) =>
    (plan.visible ?? []).every((condition) => meets(condition, rowSubject(event))),
  )
  const known = visible.filter(({ is_bot }) => plan.include_bots || !is_bot)
  const inRange = known.filter(({ timestamp }) => timestamp >= plan.from && timestamp < plan.to)
  const sessions = sessionsNear(plan, known)
  const sessionOf = new Map(sessions.flatMap((session) => session.events.map((event) => [event, session])))
  const person = (event: StoredEvent): string => personOf(event, links)

  function text(event: StoredEvent, field: Field): string {
    if (field !== 'entry_path' && field !== 'exit_path') return textAt(event, field)
    return sessionOf.get(event)?.dimensions[field] ?? ''
  }

  function holds(event: StoredEvent, condition: Condition): boolean {
    return meets(condition, {
      text: (field) => text(event, field),
      number: (key) => numberAt(event, key),
      done: (match) => matching(match).some((other) => person(other) === person(event)),
    })
  }

  function matches(event: StoredEvent, match: Match): boolean {
    return event.event_name === match.event && match.where.every((condition) => holds(event, condition))
  }

  function matching(match: Match): StoredEvent[] {
    const { from, to } = plan.asked ?? plan
    return known.filter((event) => event.timestamp >= from && event.timestamp < to && matches(event, match))
  }

  return {
    links,
    visible,
    sessions,
    session: (event) => sessionOf.get(event),
    person,
    text,
    holds,
    matches,
    matching,
    asked: inRange.filter((event) => plan.filters.every((condition) => holds(event, condition))),
  }
}

/** Of what a condition is asked. */
export interface Subject {
  text(field: Field): string
  number(key: string): number | undefined
  done(match: Match): boolean
}

/** An event alone: for conditions that say which events exist. */
export function rowSubject(event: StoredEvent): Subject {
  const refuse = (): never => {
    throw new TypeError('such a condition looks beyond its row')
  }
  return { text: (field) => textAt(event, field), number: (key) => numberAt(event, key), done: refuse }
}

export function meets(condition: Condition, subject: Subject): boolean {
  switch (condition.op) {
    case 'and':
      return condition.of.every((inner) => meets(inner, subject))
    case 'or':
      return condition.of.some((inner) => meets(inner, subject))
    case 'not':
      return !meets(condition.of, subject)
    case 'done':
      return subject.done(condition.match)
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const number = subject.number(condition.field.slice('properties.'.length))
      return number !== undefined && compares(number, condition.op, condition.value)
    }
    case 'is_set':
      return subject.text(condition.field) !== ''
    default:
      return fits(subject.text(condition.field), condition)
  }
}

function compares(number: number, op: 'gt' | 'gte' | 'lt' | 'lte', value: number): boolean {
  if (op === 'gt') return number > value
  if (op === 'gte') return number >= value
  return op === 'lt' ? number < value : number <= value
}

function fits(text: string, { op, values, fold = false }: TextCondition): boolean {
  const folded = (one: string): string => (fold ? one.toLowerCase() : one)
  return values.some((value) => {
    if (op === 'is') return folded(text) === folded(value)
    if (op === 'contains') return folded(text).includes(folded(value))
    if (op === 'starts_with') return folded(text).startsWith(folded(value))
    return patternOf(value, fold).test(text)
  })
}
