import type { Match } from '../../../ports/conditions.js'
import type { PathsPlan } from '../../../ports/paths-plan.js'
import { createBinder, type Statement } from './binder.js'
import { EVENT_PLACE } from './fragments.js'
import type { Reading } from './reading.js'
import type { Rows } from './rows.js'
import { sessionRows } from './sessions.js'

const PAGE = "e.event_name = '$pageview'"
const NODE = `if(${PAGE}, e.path, e.event_name)`

/**
 * Columns `step`, `node`, `onward` (0 ends, 1 goes on, 2 moves), `next` and `sessions`; `node` and `next` are null beyond the
 * limit. What paths do at each step is counted by name once; the sessions at a node of the next step are those that move
 * to it, so both ends are ranked from the same counts.
 */
export function pathsStatement(reading: Reading, plan: PathsPlan): Statement {
  const binder = createBinder(plan.project_id)
  const sessions = sessionRows(reading, plan, [], binder, (rows) => walkOf(rows, plan))
  const limit = binder.bind('UInt32', plan.limit)
  const last = binder.bind('UInt32', plan.steps + 1)
  const beyond = binder.bind('UInt32', plan.steps + 2)
  const tail = startsElsewhere(plan)
    ? 'arrayFilter((x, place) -> place = 1 OR x.4, tail, arrayEnumerate(tail))'
    : 'tail'
  const nodes = `arrayMap(x -> x.2, ${tail})`
  return {
    query: `SELECT step, if(place <= ${limit}, node, NULL) AS node, onward, if(onward = 2 AND next_place <= ${limit}, next, NULL) AS next, sum(times) AS sessions
FROM (
  SELECT *, dense_rank() OVER (PARTITION BY step ORDER BY here DESC, node) AS place,
    dense_rank() OVER (PARTITION BY step, onward ORDER BY there DESC, next) AS next_place
  FROM (
    SELECT *, sum(times) OVER (PARTITION BY step, node) AS here, sum(times) OVER (PARTITION BY step, onward, next) AS there
    FROM (
      SELECT move.1 AS step, move.2 AS node, move.3 AS onward, move.4 AS next, count() AS times
      FROM (
        SELECT arrayJoin(arrayMap(at -> (at - 1, nodes[at], multiIf(at = length(nodes), 0, at = ${last}, 1, 2), if(at = ${last}, '', nodes[at + 1])),
          arrayEnumerate(arraySlice(nodes, 1, ${last})))) AS move
        FROM (
          SELECT arraySlice(${plan.collapse ? `arrayCompact(${nodes})` : nodes}, 1, ${beyond}) AS nodes
          FROM (SELECT arraySlice(walk, arrayFirstIndex(x -> x.3, walk)) AS tail FROM (${sessions}) WHERE arrayExists(x -> x.3, walk))
        )
      )
      GROUP BY move
    )
  )
)
GROUP BY step, node, onward, next
ORDER BY step, node NULLS LAST, onward, next NULLS LAST`,
    params: binder.params,
  }
}

/** Whether the start is an event that is no node by itself: then a later one like it is none either. */
function startsElsewhere({ start, events }: PathsPlan): boolean {
  return start.event !== '$pageview' && (!events || start.event === '$identify')
}

/** Nodes and starts of a session as `walk`, in the direction of the plan: (place, node, whether a start, whether a node). */
function walkOf(rows: Rows, plan: PathsPlan): { fragment: string; session: string; only?: Match } {
  const named = { op: 'is', field: 'event_name', values: [plan.start.event] } as const
  const start = rows.condition({ op: 'and', of: [named, ...plan.start.where] })
  const node = plan.events ? "e.event_name != '$identify'" : PAGE
  const tuple = `tuple(${EVENT_PLACE}, ${NODE}, ${start}, ${node})`
  const sort = plan.direction === 'forward' ? 'arraySort' : 'arrayReverseSort'
  return {
    fragment: `groupArrayIf(${tuple}, ${start} OR ${node}) AS seen`,
    session: `${sort}(groupArrayArray(seen)) AS walk`,
    // Almost every session has a pageview.
    ...(plan.start.event === '$pageview' && plan.start.where.length === 0 ? {} : { only: plan.start }),
  }
}
