import type { LivePlan } from '../../../ports/live-plan.js'
import { MOMENT } from '../schema/events.js'
import { createBinder, type Statement } from './binder.js'
import { EVENT_VISITOR } from './identity.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

/**
 * Columns `list` (`all`, `page`, `source`, `country`), `name`, `medium`, `visitors`, `events`, and `hits`, `seen` as (minutes ago,
 * how many): each list in its order, cut to its length, and one row over all.
 */
export function liveStatement(reading: Reading, plan: LivePlan): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, plan, binder)
  const came = 'tuple(toString(e.source), toString(e.medium))'
  const ago = `intDiv(${binder.bind('Int64', plan.as_of)} - toUnixTimestamp64Milli(e.timestamp), 60000)`
  return {
    query: `SELECT
  multiIf(grouping(page) = 0, 'page', grouping(came) = 0, 'source', grouping(country) = 0, 'country', 'all') AS list,
  multiIf(list = 'page', page, list = 'source', came.1, country) AS name,
  came.2 AS medium, count() AS visitors, sum(length(agos)) AS events,
  sumMap(agos, arrayWithConstant(length(agos), toUInt64(1))) AS hits,
  sumMap(minutes, arrayWithConstant(length(minutes), toUInt64(1))) AS seen
FROM (
  SELECT argMaxIf(e.path, ${MOMENT}, e.path != '') AS page,
    argMax(${came}, (e.medium != 'direct', ${MOMENT})) AS came,
    argMax(toString(e.country), ${MOMENT}) AS country,
    groupArray(${ago}) AS agos, arrayDistinct(agos) AS minutes
  ${rows.from()}
  GROUP BY ${EVENT_VISITOR}
)
GROUP BY GROUPING SETS ((page), (came), (country), ())
HAVING list IN ('all', 'source') OR name != ''
ORDER BY list, visitors DESC, name, medium
LIMIT ${binder.bind('UInt32', plan.top + 1)} BY list`,
    params: binder.params,
  }
}
