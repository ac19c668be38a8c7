import type { PathsPlan } from '../../../ports/paths-plan.js'
import { type Binder, createBinder, type Statement } from './binder.js'
import { IS_PAGE } from './fragments.js'
import type { Reading } from './reading.js'
import type { Rows } from './rows.js'
import { OWN_PART, sessionPaths } from './sessions.js'

/** Columns `step`, `node`, `onward` (0 ends, 1 goes on, 2 moves), `next` and `sessions`, all by name; at most `most` rows. */
export function pathsStatement(reading: Reading, plan: PathsPlan, most: number): Statement {
  const binder = createBinder(plan.project_id)
  return {
    query: `SELECT move.1 AS step, move.2 AS node, move.3 AS onward, move.4 AS next, count() AS sessions
FROM (${movesOf(reading, plan, binder)})
GROUP BY move
LIMIT ${binder.bind('UInt32', most)}`,
    params: binder.params,
  }
}

/**
 * The same, ranked: `node` and `next` are null beyond the limit. The sessions at a node of the next step are those that move to it,
 * so both ends are ranked from the same counts. Planning these windows takes the engine as long as a small project's paths.
 */
export function rankedPathsStatement(reading: Reading, plan: PathsPlan): Statement {
  const binder = createBinder(plan.project_id)
  const limit = binder.bind('UInt32', plan.limit)
  return {
    query: `SELECT step, if(place <= ${limit}, node, NULL) AS node, onward, if(onward = 2 AND next_place <= ${limit}, next, NULL) AS next, sum(times) AS sessions
FROM (
  SELECT *, dense_rank() OVER (PARTITION BY step ORDER BY here DESC, node) AS place,
    dense_rank() OVER (PARTITION BY step, onward ORDER BY there DESC, next) AS next_place
  FROM (
    SELECT *, sum(times) OVER (PARTITION BY step, node) AS here, sum(times) OVER (PARTITION BY step, onward, next) AS there
    FROM (
      SELECT move.1 AS step, move.2 AS node, move.3 AS onward, move.4 AS next, count() AS times
      FROM (${movesOf(reading, plan, binder)})
      GROUP BY move
    )
  )
)
GROUP BY step, node, onward, next`,
    params: binder.params,
  }
}

/** One row `move` a step of each session. */
function movesOf(reading: Reading, plan: PathsPlan, binder: Binder): string {
  const paths = sessionPaths(reading, plan, binder, {
    own: (rows) => partsOf(rows, plan),
    // Almost every session has a pageview.
    ...(plan.start.event === '$pageview' && plan.start.where.length === 0 ? {} : { only: plan.start }),
  })
  const last = binder.bind('UInt32', plan.steps + 1)
  const beyond = binder.bind('UInt32', plan.steps + 2)
  const walk = plan.direction === 'forward' ? 'walk' : 'arrayReverse(walk)'
  const isNode = startsElsewhere(plan) ? `place = 1 OR event.${NODE}` : `event.${START} OR event.${NODE}`
  const names = `arrayMap(event -> event.${NAME}, arrayFilter((event, place) -> ${isNode}, tail, arrayEnumerate(tail)))`
  return `SELECT arrayJoin(arrayMap(at -> (at - 1, nodes[at], multiIf(at = length(nodes), 0, at = ${last}, 1, 2), if(at = ${last}, '', nodes[at + 1])),
  arrayEnumerate(arraySlice(nodes, 1, ${last})))) AS move
FROM (
  SELECT arraySlice(${walk}, arrayFirstIndex(event -> event.${START}, ${walk})) AS tail,
    arraySlice(${plan.collapse ? `arrayCompact(${names})` : names}, 1, ${beyond}) AS nodes
  FROM (${paths}) WHERE arrayExists(event -> event.${START}, walk)
)`
}

/** Whether the start is an event that is no node by itself: then a later one like it is none either. */
function startsElsewhere({ start, events }: PathsPlan): boolean {
  return start.event !== '$pageview' && (!events || start.event === '$identify')
}

const [NAME, START, NODE] = [OWN_PART, OWN_PART + 1, OWN_PART + 2]

/** The name of an event as a node, whether it is a start, and whether it is a node. */
function partsOf(rows: Rows, { start, events }: PathsPlan): string[] {
  const named = { op: 'is', field: 'event_name', values: [start.event] } as const
  const isStart = rows.condition({ op: 'and', of: [named, ...start.where] })
  const isNode = events ? "e.event_name != '$identify'" : IS_PAGE
  // Names are long, and most other events may be of no use here.
  return [`multiIf(NOT (${isStart} OR ${isNode}), '', ${IS_PAGE}, e.path, e.event_name)`, isStart, isNode]
}
