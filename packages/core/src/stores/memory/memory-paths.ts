import type { StoredEvent } from '../../ports/event-store.js'
import { compareText } from '../../ports/order.js'
import type { PathMove, PathsPlan, PathsResult } from '../../ports/paths-plan.js'
import type { Session } from './memory-sessions.js'
import { sessionMeets } from './memory-stats.js'
import { groupItems } from './memory-table.js'
import { createWorld, type World } from './memory-world.js'

type Step = Omit<PathMove, 'sessions'>

/** Session by session, then step by step. */
export function answerPaths(plan: PathsPlan, all: readonly StoredEvent[]): PathsResult {
  const world = createWorld(plan, all)
  const paths = world.sessions
    .filter(({ first }) => first.timestamp >= plan.from && first.timestamp < plan.to)
    .filter((session) => plan.filters.every((condition) => sessionMeets(session, condition, world)))
    .map((session) => pathOf(session, plan, world))
    .filter((path) => path.length > 0)

  const kept = Array.from({ length: plan.steps + 1 }, (_, step) => largest(paths, step, plan.limit))
  const named = (node: string, step: number): string | null =>
    kept[step]?.includes(node) === true ? node : null
  const taken = paths.flatMap((path) =>
    path.slice(0, plan.steps + 1).map((node, step): Step => {
      const next = path[step + 1]
      const own = { step, node: named(node, step) }
      if (next === undefined) return { ...own, onward: 'ends', next: null }
      if (step === plan.steps) return { ...own, onward: 'goes_on', next: null }
      return { ...own, onward: 'moves', next: named(next, step + 1) }
    }),
  )
  const moves = [...groupItems(taken, (step) => [JSON.stringify(step)]).values()].flatMap((same) =>
    same.slice(0, 1).map((step) => ({ ...step, sessions: same.length })),
  )
  return {
    truncated: moves.some(({ node }) => node === null),
    estimated: false,
    answered_by: 'raw',
    moves: moves.sort(
      (a, b) =>
        a.step - b.step ||
        compareNodes(a.node, b.node) ||
        compareText(a.onward, b.onward) ||
        compareNodes(a.next, b.next),
    ),
  }
}

function pathOf({ events }: Session, plan: PathsPlan, world: World): string[] {
  const walk = plan.direction === 'forward' ? events : events.toReversed()
  const at = walk.findIndex((event) => world.matches(event, plan.start))
  if (at < 0) return []
  const nodes = walk.filter((event, place) => place === at || (place > at && isNode(event, plan))).map(nodeOf)
  return plan.collapse ? nodes.filter((node, place) => place === 0 || node !== nodes[place - 1]) : nodes
}

function isNode({ event_name }: StoredEvent, { events }: PathsPlan): boolean {
  return event_name === '$pageview' || (events && event_name !== '$identify')
}

function nodeOf({ event_name, path }: StoredEvent): string {
  return event_name === '$pageview' ? path : event_name
}

/** Nodes of a step that most paths have there. */
function largest(paths: readonly string[][], step: number, limit: number): string[] {
  const nodes = paths.flatMap((path) => path.slice(step, step + 1))
  return [...groupItems(nodes, (node) => [node]).values()]
    .sort((a, b) => b.length - a.length || compareText(a[0] ?? '', b[0] ?? ''))
    .slice(0, limit)
    .flatMap((same) => same.slice(0, 1))
}

function compareNodes(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareText(a, b)
}
