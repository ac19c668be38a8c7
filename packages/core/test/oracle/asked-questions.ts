import type { Condition, EventStore, StoredEvent } from '@millimetric/core'
import type { EventFilter, EventFilters, Metric, StatsDimension, StatsParams } from '@millimetric/schema/wire'
import type { Project } from '../../src/ports/key-store.js'
import { queryStats } from '../../src/query/stats.js'
import type { History } from './history.js'
import type { Random } from './random.js'
import { makeConditions, makeMatch } from './random-conditions.js'

const DAY = 86_400_000

/** Parameters as a caller sends them, through the use case: what it asks the store for is its own affair. */
export interface AskedStats {
  readonly kind: 'asked'
  readonly project_id: string
  readonly project: Project
  readonly now: number
  readonly params: StatsParams
}

export function makeAsked(
  random: Random,
  { project_id, zone, anchor }: History,
  events: readonly StoredEvent[],
  asked: {
    metrics: readonly Metric[]
    group_by: readonly StatsDimension[]
    from: number
    to: number
  },
): AskedStats {
  const { metrics, group_by, from } = asked
  const to = Math.max(asked.to, from + 1)
  const columns: readonly string[] = [...metrics, ...group_by]
  const goal = metrics.includes('conversion_rate') ? makeMatch(random, events) : undefined
  return {
    kind: 'asked',
    project_id,
    project: {
      id: project_id,
      slug: 'p',
      name: '',
      owner: null,
      allowed_origins: [],
      retention_days: random.pick([null, null, 2, 5]),
      timezone: zone,
      plan: 'default',
      created_at: 0,
    },
    now: anchor + random.int(-DAY, 3 * DAY),
    params: {
      from,
      to,
      metrics,
      group_by,
      ...(random.chance(0.2) ? { timezone: 'Asia/Kathmandu' } : {}),
      ...(random.chance(0.5)
        ? {
            interval: random.pick(
              to - from > DAY ? (['day', 'week', 'month'] as const) : (['hour', 'minute'] as const),
            ),
          }
        : {}),
      ...(random.chance(0.6)
        ? { compare: random.pick(['previous_period', 'previous_period', 'previous_year']) }
        : {}),
      ...(goal === undefined
        ? {}
        : { goal: { event: goal.event, filters: goal.where.map((one) => toFilter(random, one)) } }),
      ...(random.chance(0.5)
        ? {
            order_by: random
              .shuffle(columns)
              .slice(0, 2)
              .map((name) => (random.chance(0.6) ? `-${name}` : name)),
          }
        : {}),
      totals: random.chance(0.5),
      other: group_by.length > 0 && random.chance(0.6),
      raw: random.chance(0.3),
      include_bots: random.chance(0.3),
      limit: random.pick([1, 1, 2, 5, 100]),
      filters: makeConditions(random, events, true).map((one) => toFilter(random, one)),
    },
  }
}

/** The filter that stands for a condition; where there are two ways of saying it, one of them. */
function toFilter(random: Random, condition: Condition): EventFilter {
  switch (condition.op) {
    case 'and':
      return { and: condition.of.map((one) => toFilter(random, one)) }
    case 'or':
      return { or: condition.of.map((one) => toFilter(random, one)) }
    case 'not':
      return negated(random, condition.of)
    case 'done':
      return { has_done: toWire(random, condition.match) }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return condition
    case 'is_set':
      return random.chance(0.5) ? condition : { ...condition, value: true }
    default: {
      const { field, op, values, fold = false } = condition
      return { field, op, value: values, ...(fold ? { case_sensitive: false } : {}) }
    }
  }
}

function negated(random: Random, condition: Condition): EventFilter {
  if (condition.op === 'done') return { has_not_done: toWire(random, condition.match) }
  if (condition.op === 'is_set' && random.chance(0.7)) return { ...condition, value: false }
  if ((condition.op === 'is' || condition.op === 'contains') && random.chance(0.7)) {
    const { field, values, fold, op } = condition
    const cased = fold === true ? { case_sensitive: false } : {}
    return { field, op: op === 'is' ? 'is_not' : 'not_contains', value: values, ...cased }
  }
  return { not: toFilter(random, condition) }
}

function toWire(
  random: Random,
  { event, where }: { event: string; where: readonly Condition[] },
): { event: string; filters: EventFilters } {
  return { event, filters: where.map((one) => toFilter(random, one)) }
}

/** The answer apart from how it was found. */
export async function answerAsked(
  store: EventStore,
  { project, project_id, now, params }: AskedStats,
): Promise<{ facts: unknown; by: string }> {
  const principal = { kind: 'process', project: { ...project, id: project_id } } as const
  const { meta, ...answer } = await queryStats({ store, clock: () => now }, principal, params)
  const { answered_by, ...facts } = meta
  return { facts: { ...answer, facts }, by: answered_by }
}
