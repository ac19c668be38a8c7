import type { EventStore, QueryPlan, StoredEvent } from '@millimetric/core'
import { DIMENSIONS, INTERVALS, SESSION_DIMENSIONS } from '@millimetric/schema/wire'
import { bucketStarts } from '../../src/query/calendar.js'
import { type History, ZONES } from './history.js'
import type { Random } from './random.js'

const MINUTE = 60_000
const HALF_HOUR = 30 * MINUTE
const DAY = 48 * HALF_HOUR
/** Dimensions that a rollup keeps apart. */
const ROLLED = ['event_name', 'source', 'medium', 'channel'] as const

/** A random question of any kind about a history; so many of them such as a rollup may answer. */
export function makeQuestion(random: Random, history: History, share = 0.2): QueryPlan {
  return random.chance(share) ? makeDaysQuestion(random, history) : makeAnyQuestion(random, history)
}

/** Whole days of the project's zone, by what rollups keep apart: a rollup may answer at least in part. */
function makeDaysQuestion(random: Random, history: History): QueryPlan {
  const { project_id, zone, anchor } = history
  const events = [...history.batches, ...history.late].flat()
  const [from = 0] = bucketStarts('day', anchor - random.int(0, 3) * DAY, anchor + 1, zone)
  const midnight = daysOf(from, anchor + random.int(0, 2) * DAY, zone).at(-1) ?? from
  const to = random.chance(0.8) ? midnight : midnight + random.int(1, DAY)
  return {
    kind: 'stats',
    project_id,
    from,
    to,
    include_bots: random.chance(0.3),
    limit: random.pick([1, 5, 1000]),
    metric: random.pick(['count', 'uniques', 'pageviews'] as const),
    group_by: some(random, ROLLED),
    filters: filtersOn(random, events, ROLLED),
    buckets: random.chance(0.4)
      ? bucketStarts(random.pick(INTERVALS.slice(2)), from, Math.max(to, from + 1), zone)
      : null,
    days: daysOf(from, to, zone),
  }
}

function makeAnyQuestion(random: Random, history: History): QueryPlan {
  const events = [...history.batches, ...history.late].flat()
  const { project_id } = history
  const zone = random.chance(0.7) ? history.zone : random.pick(ZONES)
  const { from, to } = makeRange(random, history, events, zone)
  const scope = {
    project_id,
    // What retention has ended is never asked for, so the range begins later.
    ...(random.chance(0.2) ? { kept_from: from - random.pick([0, random.int(0, 4 * DAY)]) } : {}),
    from,
    to,
    include_bots: random.chance(0.3),
    limit: random.pick([1, 2, 5, 100, 1000]),
  }
  const interval = to - from > DAY / 4 ? random.pick(INTERVALS.slice(1)) : random.pick(INTERVALS)
  const buckets = random.chance(0.5) ? bucketStarts(interval, from, Math.max(to, from + 1), zone) : null
  const kind = random.pick(['events', 'stats', 'stats', 'stats', 'sources', 'sessions', 'sessions', 'person'])
  switch (kind) {
    case 'events':
      return { kind, ...scope, filters: makeFilters(random, events) }
    case 'sources': {
      const breakdown = random.pick(['source', 'source_medium'] as const)
      return { kind, ...scope, breakdown, filters: makeFilters(random, events) }
    }
    case 'sessions':
      return {
        kind,
        ...scope,
        filters: makeSessionFilters(random, events),
        group_by: some(random, SESSION_DIMENSIONS),
        buckets,
        raw: random.chance(0.3),
      }
    case 'person': {
      const { user_id, anonymous_id } = random.pick(events)
      const byUser = anonymous_id === '' || (user_id !== '' && random.chance(0.5))
      const ids = byUser ? { user_id, anonymous_id: '' } : { user_id: '', anonymous_id }
      const { limit: _, include_bots: __, ...asked } = scope
      return { kind, ...asked, ...ids }
    }
    default:
      return {
        kind: 'stats',
        ...scope,
        metric: random.pick(['count', 'uniques', 'people', 'pageviews'] as const),
        // Half of the questions are such as a rollup may answer.
        group_by: some(random, random.chance(0.5) ? DIMENSIONS : ROLLED),
        filters: makeFilters(random, events),
        buckets,
        days: random.chance(0.2) ? null : daysOf(from, to, zone),
      }
  }
}

/** Starts of days from the one that holds `from` to the first at or after `to`. */
export function daysOf(from: number, to: number, zone: string): number[] {
  const starts = bucketStarts('day', from, to + 2 * DAY, zone)
  return starts.slice(0, starts.findIndex((start) => start >= to) + 1)
}

function makeRange(
  random: Random,
  history: History,
  events: readonly StoredEvent[],
  zone: string,
): { from: number; to: number } {
  const end = (): number => {
    const at = random.pick([
      history.anchor + random.int(-4 * DAY, 4 * DAY),
      history.anchor + random.int(-HALF_HOUR, HALF_HOUR),
      history.anchor,
      random.pick(events).timestamp + random.int(-1, 1),
      Math.floor(random.pick(events).timestamp / HALF_HOUR) * HALF_HOUR,
    ])
    return random.chance(0.4) ? (bucketStarts('day', at, at + 1, zone)[0] ?? at) : at
  }
  const [a, b] = [end(), end()]
  // An empty range is a question too: retention may leave nothing of what was asked.
  if (random.chance(0.25)) return { from: history.anchor - 10 * DAY, to: history.anchor + 12 * DAY }
  return { from: Math.min(a, b), to: Math.max(a, b) }
}

function some<T>(random: Random, list: readonly T[]): T[] {
  return random.shuffle(list).slice(0, random.pick([0, 0, 1, 1, 2, 3]))
}

type Filters = Extract<QueryPlan, { kind: 'stats' }>['filters']

function filtersOn(
  random: Random,
  events: readonly StoredEvent[],
  fields: readonly Filters[number]['field'][],
): Filters {
  return random
    .shuffle(fields)
    .slice(0, random.pick([0, 0, 0, 1, 1, 2]))
    .map((field) => ({
      field,
      op: 'is',
      values: Array.from({ length: random.int(1, 3) }, () => random.pick(events)[field]),
    }))
}

function makeFilters(random: Random, events: readonly StoredEvent[]): Filters {
  return filtersOn(random, events, random.chance(0.5) ? ROLLED : [...DIMENSIONS, 'user_id', 'anonymous_id'])
}

function makeSessionFilters(random: Random, events: readonly StoredEvent[]): Filters {
  const fields = SESSION_DIMENSIONS.filter((name) => name !== 'entry_path' && name !== 'exit_path')
  return filtersOn(random, events, fields)
}

/** The answer apart from how it was found. */
export async function answer(store: EventStore, plan: QueryPlan): Promise<{ facts: unknown; by: string }> {
  if (plan.kind === 'person') return { facts: await store.query<'person'>(plan), by: 'raw' }
  const { answered_by, ...facts } = await askOther(store, plan)
  return { facts, by: answered_by }
}

async function askOther(
  store: EventStore,
  plan: Exclude<QueryPlan, { kind: 'person' }>,
): Promise<{ answered_by: string; truncated: boolean; estimated: boolean; rows: readonly unknown[] }> {
  switch (plan.kind) {
    case 'events':
      return await store.query<'events'>(plan)
    case 'stats':
      return await store.query<'stats'>(plan)
    case 'sources':
      return await store.query<'sources'>(plan)
    case 'sessions':
      return await store.query<'sessions'>(plan)
  }
}
