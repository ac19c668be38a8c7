import type { Metric, StatsDimension } from '@millimetric/schema/wire'
import { type Condition, isOfText } from '../../ports/conditions.js'
import type { StoredEvent } from '../../ports/event-store.js'
import { compareLists } from '../../ports/order.js'
import {
  checkSeries,
  emptyValue,
  isSessionMetric,
  propertyOf,
  type StatsPlan,
  type StatsResult,
  type StatsResultRow,
} from '../../ports/stats-plan.js'
import { numberAt } from './memory-properties.js'
import { isSessionDimension, type Session } from './memory-sessions.js'
import { groupItems } from './memory-table.js'
import { createWorld, meets, type World } from './memory-world.js'

/** What a metric is counted from: events, or sessions. */
interface Source<T> {
  readonly items: readonly T[]
  groupOf(item: T, by: readonly StatsDimension[]): string[]
  momentOf(item: T): number
  measure(metric: Metric, items: readonly T[], bucket: number | null): number | null
}

/** Every metric from the items of its group, group by group, in the plainest way. */
export function answerStats(plan: StatsPlan, all: readonly StoredEvent[]): StatsResult {
  const world = createWorld(plan, all)
  const events = eventSource(plan, world)
  const sessions = sessionSource(plan, world)
  const total = rowsOf(plan, events, sessions, () => null)
  const groups = total.slice(0, plan.limit).map(({ group }) => group)
  const facts = {
    truncated: total.length > plan.limit,
    estimated: false,
    answered_by: 'raw',
    groups,
  } as const
  if (plan.buckets === null) return { ...facts, rows: total.slice(0, plan.limit) }
  const { buckets } = plan
  checkSeries(groups.length, buckets.length)
  const place = new Map(groups.map((group, index) => [JSON.stringify(group), index]))
  const placeOf = ({ group }: StatsResultRow): number => place.get(JSON.stringify(group)) ?? -1
  const rows = rowsOf(plan, events, sessions, (moment) => buckets.findLast((start) => start <= moment) ?? 0)
    .filter((row) => placeOf(row) >= 0)
    .sort((a, b) => (a.bucket ?? 0) - (b.bucket ?? 0) || placeOf(a) - placeOf(b))
  return { ...facts, ...(plan.group_by.length === 0 ? { truncated: false, groups: [[]] } : {}), rows }
}

function rowsOf(
  plan: StatsPlan,
  events: Source<StoredEvent>,
  sessions: Source<Session>,
  bucketOf: (moment: number) => number | null,
): StatsResultRow[] {
  const cellsOf = <T>({ items, groupOf, momentOf }: Source<T>): Map<string, T[]> =>
    groupItems(items.filter(withinOnly(plan, groupOf)), (item) => [
      JSON.stringify(bucketOf(momentOf(item))),
      ...groupOf(item, plan.group_by),
    ])
  const [ofSessions, ofEvents] = [plan.metrics.some(isSessionMetric), !plan.metrics.every(isSessionMetric)]
  const eventCells = ofEvents ? cellsOf(events) : new Map<string, StoredEvent[]>()
  const sessionCells = ofSessions ? cellsOf(sessions) : new Map<string, Session[]>()
  const names = new Set([...eventCells.keys(), ...sessionCells.keys()])
  // Without a dimension there is one row, also where nothing happened; a bucket without anything is none.
  if (plan.group_by.length === 0 && bucketOf(plan.from) === null) names.add(JSON.stringify(['null']))
  const rows = [...names].map((name) => {
    const [bucketText = 'null', ...group]: string[] = JSON.parse(name)
    const bucket: number | null = JSON.parse(bucketText)
    return {
      group,
      bucket,
      values: plan.metrics.map((metric) =>
        isSessionMetric(metric)
          ? sessions.measure(metric, sessionCells.get(name) ?? [], bucket)
          : events.measure(metric, eventCells.get(name) ?? [], bucket),
      ),
    }
  })
  return rows.sort((a, b) => compareRows(plan, a, b))
}

function withinOnly<T>({ only }: StatsPlan, groupOf: Source<T>['groupOf']): (item: T) => boolean {
  if (only === null) return () => true
  const names = new Set(only.groups.map((group) => JSON.stringify(group)))
  return (item) => names.has(JSON.stringify(groupOf(item, only.by))) === only.inside
}

function compareRows({ order_by }: StatsPlan, a: StatsResultRow, b: StatsResultRow): number {
  for (const { by, index, descending } of order_by) {
    const order =
      by === 'group'
        ? compareLists([a.group[index] ?? ''], [b.group[index] ?? '']) * (descending ? -1 : 1)
        : compareValues(a.values[index] ?? null, b.values[index] ?? null, descending)
    if (order !== 0) return order
  }
  return compareLists(a.group, b.group)
}

function compareValues(a: number | null, b: number | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return descending ? b - a : a - b
}

function eventSource(plan: StatsPlan, world: World): Source<StoredEvent> {
  const goals = plan.goal === null ? [] : world.matching(plan.goal)
  const inBucket = ({ timestamp }: StoredEvent, bucket: number | null): boolean =>
    bucket === null || plan.buckets?.findLast((start) => start <= timestamp) === bucket
  return {
    items: world.asked,
    groupOf: (event, by) => by.map((field) => world.text(event, field)),
    momentOf: ({ timestamp }) => timestamp,
    measure(metric, events, bucket) {
      const people = new Set(events.map(world.person))
      if (metric === 'count') return events.length
      if (metric === 'uniques') return new Set(events.map(visitorOf)).size
      if (metric === 'people') return people.size
      if (metric === 'pageviews') return events.filter(({ event_name }) => event_name === '$pageview').length
      const property = propertyOf(metric)
      if (property !== undefined) {
        const numbers = events.flatMap((event) => numberAt(event, property.key) ?? [])
        return numbers.length === 0 ? emptyValue(metric) : aggregate(property.aggregate, numbers)
      }
      const doers = new Set(goals.filter((event) => inBucket(event, bucket)).map(world.person))
      return ratio([...people].filter((person) => doers.has(person)).length, people.size)
    },
  }
}

export function visitorOf({ anonymous_id, user_id }: StoredEvent): string {
  return anonymous_id === '' ? `u/${user_id}` : `a/${anonymous_id}`
}

function aggregate(name: string, numbers: readonly number[]): number {
  const total = numbers.reduce((sum, number) => sum + number, 0)
  if (name === 'sum') return total
  if (name === 'avg') return total / numbers.length
  const sorted = [...numbers].sort((a, b) => a - b)
  if (name === 'min') return sorted.at(0) ?? 0
  if (name === 'max') return sorted.at(-1) ?? 0
  return quantile(sorted, name === 'median' ? 0.5 : 0.95)
}

/** Between the two values next to the place, in proportion: PERCENTILE.INC of spreadsheets. */
export function quantile(sorted: readonly number[], level: number): number {
  const place = level * (sorted.length - 1) + 1
  const whole = Math.floor(place)
  const low = sorted[whole - 1] ?? 0
  const high = sorted[Math.min(whole, sorted.length - 1)] ?? 0
  return low + (place - whole) * (high - low)
}

function sessionSource(plan: StatsPlan, world: World): Source<Session> {
  const { sessions } = world
  return {
    items: sessions.filter(
      (session) =>
        session.first.timestamp >= plan.from &&
        session.first.timestamp < plan.to &&
        plan.filters.every((condition) => sessionMeets(session, condition, world)),
    ),
    groupOf: ({ dimensions }, by) =>
      by.map((name) => (isSessionDimension(name) ? dimensions[name] : refuse(name))),
    momentOf: ({ first }) => first.timestamp,
    measure(metric, list) {
      if (metric === 'sessions') return list.length
      if (metric === 'bounce_rate') return ratio(list.filter(({ bounced }) => bounced).length, list.length)
      const sum = (value: (session: Session) => number): number =>
        list.reduce((total, session) => total + value(session), 0)
      if (metric === 'session_duration')
        return ratio(sum(({ duration_ms }) => duration_ms) / 1000, list.length)
      return ratio(
        sum(({ pageviews }) => pageviews),
        list.length,
      )
    },
  }
}

function refuse(name: string): never {
  throw new TypeError(`not a dimension of sessions: ${name}`)
}

/** The session's own dimensions are its own; anything else holds when one of its events meets it. */
export function sessionMeets(session: Session, condition: Condition, world: World): boolean {
  if (condition.op === 'and') return condition.of.every((inner) => sessionMeets(session, inner, world))
  if (condition.op === 'or') return condition.of.some((inner) => sessionMeets(session, inner, world))
  if (condition.op === 'not') return !sessionMeets(session, condition.of, world)
  if (isOfText(condition) && isSessionDimension(condition.field)) {
    const { dimensions } = session
    const text = dimensions[condition.field]
    return meets(condition, { text: () => text, number: () => undefined, done: () => false })
  }
  return session.events.some((event) => world.holds(event, condition))
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
