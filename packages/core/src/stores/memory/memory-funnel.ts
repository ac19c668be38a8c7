import type { StoredEvent } from '../../ports/event-store.js'
import {
  type FunnelPlan,
  type FunnelResult,
  type FunnelStepResult,
  funnelReach,
} from '../../ports/funnel-plan.js'
import { compareMoments, compareText } from '../../ports/order.js'
import { quantile } from './memory-stats.js'
import { groupItems } from './memory-table.js'
import { createWorld, type World } from './memory-world.js'

/** The events that were the steps, as far as they go. */
type Chain = readonly StoredEvent[]

/** Every chain from every start is walked; the best one of each person or session counts. */
export function answerFunnel(plan: FunnelPlan, all: readonly StoredEvent[]): FunnelResult {
  const world = createWorld({ ...plan, to: funnelReach(plan), asked: plan }, all)
  const looked = world.asked
    .filter(
      (event) => event.event_name !== '$identify' || plan.steps.some((step) => world.matches(event, step)),
    )
    .sort(compareMoments)
  const best = unitsOf(plan, world, looked).flatMap((events) => {
    const chains = events
      .filter(({ timestamp }) => timestamp < plan.to)
      .map((start) => chainFrom(start, events, plan, world))
      .filter(({ length }) => length > 0)
    return chains.sort(compareChains).slice(0, 1)
  })
  const groups =
    plan.group_by === null
      ? []
      : [...groupItems(best, (chain) => [groupOf(chain, plan, world)]).values()]
          .map((chains) => ({
            value: groupOf(chains[0] ?? [], plan, world),
            steps: stepsOf(plan, chains),
          }))
          .sort((a, b) => firstCount(b.steps) - firstCount(a.steps) || compareText(a.value, b.value))
  return {
    truncated: groups.length > plan.limit,
    estimated: false,
    answered_by: 'raw',
    steps: stepsOf(plan, best),
    groups: groups.slice(0, plan.limit),
  }
}

/** The events of each person, or of each session. */
function unitsOf(plan: FunnelPlan, world: World, events: readonly StoredEvent[]): StoredEvent[][] {
  if (plan.scope === 'person') return [...groupItems(events, (event) => [world.person(event)]).values()]
  return world.sessions.map((session) => events.filter((event) => world.session(event) === session))
}

function chainFrom(
  start: StoredEvent,
  events: readonly StoredEvent[],
  { steps, window_ms, order }: FunnelPlan,
  world: World,
): Chain {
  const chain: StoredEvent[] = []
  let at = events.indexOf(start)
  for (const [depth, step] of steps.entries()) {
    const fits = (event: StoredEvent): boolean =>
      event.timestamp - start.timestamp <= window_ms && world.matches(event, step)
    const rest = events.slice(at)
    const only = depth === 0 || order === 'strict' ? rest.slice(0, 1) : rest
    const found = only.find(fits)
    if (found === undefined) break
    chain.push(found)
    at = events.indexOf(found) + 1
  }
  return chain
}

/** Longest first, then whose last event comes first, then that which begins last. */
function compareChains(a: Chain, b: Chain): number {
  const [lastA, lastB, firstA, firstB] = [a.at(-1), b.at(-1), a.at(0), b.at(0)]
  if (a.length !== b.length || lastA === undefined || lastB === undefined) return b.length - a.length
  if (lastA !== lastB || firstA === undefined || firstB === undefined) return compareMoments(lastA, lastB)
  return compareMoments(firstB, firstA)
}

function groupOf(
  [start]: Chain,
  { group_by, include_bots, kept_from = 0 }: FunnelPlan,
  world: World,
): string {
  if (start === undefined || group_by === null) return ''
  if (group_by.of === 'first_step') return world.text(start, group_by.field)
  const touches = world.visible
    .filter(({ is_bot }) => include_bots || !is_bot)
    .filter(({ timestamp, url }) => timestamp >= kept_from && url !== '')
    .filter((event) => world.person(event) === world.person(start))
    .sort(compareMoments)
  return touches[0]?.[group_by.field] ?? ''
}

function stepsOf({ steps }: FunnelPlan, chains: readonly Chain[]): FunnelStepResult[] {
  return steps.map((_, depth) => {
    const times = chains.flatMap((chain) => {
      const [before, event] = [chain[depth - 1], chain[depth]]
      return before === undefined || event === undefined ? [] : [event.timestamp - before.timestamp]
    })
    const sorted = times.sort((a, b) => a - b)
    const place = (level: number): number | null => (sorted.length === 0 ? null : quantile(sorted, level))
    return {
      count: chains.filter(({ length }) => length > depth).length,
      median_ms: place(0.5),
      p90_ms: place(0.9),
    }
  })
}

function firstCount(steps: readonly FunnelStepResult[]): number {
  return steps[0]?.count ?? 0
}
