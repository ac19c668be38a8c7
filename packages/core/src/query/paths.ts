import { pathsParamsSchema } from '@millimetric/schema'
import type { PathLink, PathNode, PathStep, PathsParams, PathsResponse } from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { Match } from '../ports/conditions.js'
import type { CallOptions } from '../ports/event-store.js'
import type { PathMove, PathsPlan } from '../ports/paths-plan.js'
import type { QueryDeps } from './events.js'
import { describeResult, pinned, planScope, readParams, type Scope } from './plan.js'

const DEFAULT_STEPS = 5
const DEFAULT_NODES = 10

/**
 * Which ways sessions take from a page or event, or to it. Errors: `invalid_params`, `insufficient_scope`,
 * `query_too_expensive`, `storage_unavailable`.
 */
export async function queryPaths(
  deps: QueryDeps,
  principal: Principal,
  input: PathsParams,
  options: CallOptions = {},
): Promise<PathsResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(pathsParamsSchema, input)
  const scope = planScope(deps, principal, params)
  const direction = params.direction ?? 'forward'
  const plan: PathsPlan = {
    kind: 'paths',
    ...pinned(scope),
    direction,
    start: startOf(scope, params),
    events: params.include_events ?? false,
    steps: params.steps ?? DEFAULT_STEPS,
    collapse: params.collapse ?? true,
    limit: params.limit ?? DEFAULT_NODES,
  }
  const { moves, ...facts } = await deps.store.query<'paths'>(plan, options)
  const starts = moves.filter(({ step }) => step === 0)
  return {
    direction,
    sessions: starts.reduce((sum, { sessions }) => sum + sessions, 0),
    steps: stepsOf(moves),
    links: linksOf(moves),
    meta: describeResult(scope, facts),
  }
}

function startOf(scope: Scope, { from_page, start }: PathsParams): Match {
  if (start === undefined) {
    const page = { op: 'is', field: 'path', values: [from_page ?? ''] } as const
    return { event: '$pageview', where: from_page === undefined ? [] : [page] }
  }
  if (from_page === undefined) return scope.match(start)
  throw new AnalyticsError('invalid_params', 'start: send either start or from_page.', {
    details: { field: 'start' },
  })
}

// Moves come by name, and sorting keeps the order of what is equal: so ties are by name.

function stepsOf(moves: readonly PathMove[]): PathStep[] {
  const steps: Map<string | null, PathNode>[] = []
  for (const { step, node, onward, sessions } of moves) {
    steps[step] ??= new Map()
    const known = steps[step].get(node)
    const before = known ?? { node, ...(node === null ? { other: true } : {}), sessions: 0, exits: 0 }
    steps[step].set(node, {
      ...before,
      sessions: before.sessions + sessions,
      exits: before.exits + (onward === 'ends' ? sessions : 0),
    })
  }
  return steps.map((nodes, step) => ({
    step,
    nodes: [...nodes.values()].sort(
      (a, b) => Number(a.node === null) - Number(b.node === null) || b.sessions - a.sessions,
    ),
  }))
}

function linksOf(moves: readonly PathMove[]): PathLink[] {
  return moves
    .filter(({ onward }) => onward === 'moves')
    .map(({ step, node, next, sessions }) => ({ step, from: node, to: next, sessions }))
    .sort((a, b) => a.step - b.step || b.sessions - a.sessions)
}
