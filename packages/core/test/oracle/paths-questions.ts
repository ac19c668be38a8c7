import type { Condition, PathsPlan, PlanScope, StoredEvent } from '@millimetric/core'
import { PATH_DIRECTIONS } from '@millimetric/schema/wire'
import type { Random } from './random.js'
import { makeConditions, makeMatch } from './random-conditions.js'

export function makePaths(
  random: Random,
  events: readonly StoredEvent[],
  scope: Omit<PlanScope, 'filters'>,
): PathsPlan {
  const page: Condition = {
    op: 'is',
    field: random.pick(['path', 'entry_path', 'exit_path'] as const),
    values: [random.pick(events).path],
  }
  const start = random.pick([
    { event: '$pageview', where: [] },
    { event: '$pageview', where: [page] },
    makeMatch(random, events),
    { event: random.pick(events).event_name, where: [] },
  ])
  return {
    kind: 'paths',
    project_id: scope.project_id,
    from: scope.from,
    to: scope.to,
    ...(scope.kept_from === undefined ? {} : { kept_from: scope.kept_from }),
    ...(scope.visible === undefined ? {} : { visible: scope.visible }),
    include_bots: scope.include_bots,
    filters: makeConditions(random, events, true),
    direction: random.pick(PATH_DIRECTIONS),
    start,
    events: random.chance(0.5),
    steps: random.pick([1, 2, 5, 20]),
    collapse: random.chance(0.6),
    limit: random.pick([1, 1, 2, 3, 50]),
  }
}
