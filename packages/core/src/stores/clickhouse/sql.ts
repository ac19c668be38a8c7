import type { Filter, FilterField, QueryPlan } from '../../ports/event-store.js'
import { identifier } from './client.js'
import { VISITOR_HASH } from './schema.js'

/** A statement with its bound values. Values are never part of the text. */
export interface Statement {
  readonly query: string
  readonly params: Record<string, unknown>
}

/** The only names that can stand in a statement for a dimension or filter. */
const COLUMN: { readonly [F in FilterField]: string } = {
  event_name: 'event_name',
  source: 'source',
  medium: 'medium',
  campaign: 'campaign',
  channel: 'channel',
  country: 'country',
  device_type: 'device_type',
  browser: 'browser',
  os: 'os',
  path: 'path',
  hostname: 'hostname',
  referrer_host: 'referrer_host',
  user_id: 'user_id',
  anonymous_id: 'anonymous_id',
}

const METRIC = {
  count: 'count()',
  uniques: `uniqExact(${VISITOR_HASH})`,
} as const

const EVENT_ROW = `
  formatDateTime(timestamp, '%Y-%m-%dT%H:%i:%S.') || leftPad(toString(toUnixTimestamp64Milli(timestamp) % 1000), 3, '0') || 'Z' AS timestamp,
  event_id, event_name,
  nullIf(anonymous_id, '') AS anonymous_id, nullIf(user_id, '') AS user_id, nullIf(session_id, '') AS session_id,
  source, medium, nullIf(campaign, '') AS campaign, channel, source_confidence, source_rule_id,
  nullIf(referrer, '') AS referrer, nullIf(url, '') AS url, nullIf(path, '') AS path,
  country, device_type, browser, os, is_bot, properties`

type Plan<K extends QueryPlan['kind']> = Extract<QueryPlan, { kind: K }>

/** Rows of the plan's project and range; every statement on events starts here. */
function scope(database: string, plan: QueryPlan): Statement {
  const params: Record<string, unknown> = { project_id: plan.project_id, from: plan.from, to: plan.to }
  const conditions = [
    'e.project_id = {project_id:UUID}',
    "e.timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')",
    "e.timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
    ...(plan.include_bots ? [] : ['NOT e.is_bot']),
    ...plan.filters.map((filter, index) => condition(filter, `filter_${index}`, params)),
  ]
  return { query: `FROM ${identifier(database)}.events AS e WHERE ${conditions.join(' AND ')}`, params }
}

function condition(filter: Filter, name: string, params: Record<string, unknown>): string {
  params[name] = filter.values
  return `e.${COLUMN[filter.field]} IN {${name}:Array(String)}`
}

export function eventsStatement(database: string, plan: Plan<'events'>): Statement {
  const { query, params } = scope(database, plan)
  return {
    query: `SELECT ${EVENT_ROW} ${query}
ORDER BY e.timestamp DESC, e.received_at DESC, e.seq DESC, e.event_id DESC
LIMIT {limit:UInt32}`,
    params: { ...params, limit: plan.limit + 1 },
  }
}

/** Columns `group_0…` and `value`; one group more than the limit, to tell whether there are more. */
export function groupsStatement(database: string, plan: Plan<'stats'>): Statement {
  const { query, params } = scope(database, plan)
  const { columns, keys } = groupColumns(plan)
  return {
    query: `SELECT ${[...columns, `${METRIC[plan.metric]} AS value`].join(', ')} ${query}
${keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')}`}
ORDER BY ${['value DESC', ...keys].join(', ')}
LIMIT {limit:UInt32}`,
    params: { ...params, limit: plan.limit + 1 },
  }
}

/** Columns `group_0…`, `bucket` (epoch milliseconds) and `value`, for the groups given. */
export function seriesStatement(
  database: string,
  plan: Plan<'stats'>,
  buckets: readonly number[],
  groups: readonly (readonly string[])[],
): Statement {
  const { query, params } = scope(database, plan)
  const { columns, keys } = groupColumns(plan)
  const picked = plan.group_by.map((_, index) => `{groups_${index}:Array(String)}`)
  const columnLists = plan.group_by.map((_, index) => groups.map((group) => group[index] ?? ''))
  const only =
    picked.length === 0
      ? ''
      : `AND tuple(${plan.group_by.map((dimension) => `toString(e.${COLUMN[dimension]})`).join(', ')}) IN (SELECT arrayJoin(arrayZip(${picked.join(', ')})))`
  return {
    query: `SELECT ${[...columns, `roundDown(toUnixTimestamp64Milli(e.timestamp), {buckets:Array(Int64)}) AS bucket`, `${METRIC[plan.metric]} AS value`].join(', ')} ${query} ${only}
GROUP BY ${[...keys, 'bucket'].join(', ')}
ORDER BY ${['bucket', 'value DESC', ...keys].join(', ')}`,
    params: {
      ...params,
      buckets,
      ...Object.fromEntries(columnLists.map((list, index) => [`groups_${index}`, list])),
    },
  }
}

function groupColumns(plan: Plan<'stats'>): { columns: string[]; keys: string[] } {
  const keys = plan.group_by.map((_, index) => `group_${index}`)
  return {
    columns: plan.group_by.map((dimension, index) => `e.${COLUMN[dimension]} AS ${keys[index]}`),
    keys,
  }
}

export function sourcesStatement(database: string, plan: Plan<'sources'>): Statement {
  const { query, params } = scope(database, plan)
  const medium = plan.breakdown === 'source_medium' ? 'e.medium' : "''"
  return {
    query: `SELECT e.source AS group_source, ${medium} AS group_medium, count() AS events,
  ${METRIC.uniques} AS uniques, countIf(e.medium = 'paid') AS paid_events ${query}
GROUP BY group_source, group_medium
ORDER BY events DESC, group_source, group_medium
LIMIT {limit:UInt32}`,
    params: { ...params, limit: plan.limit + 1 },
  }
}

/** Columns `project_id` and `event_id` of those pairs, given as two lists, that are stored. */
export function knownStatement(
  database: string,
  projectIds: readonly string[],
  eventIds: readonly string[],
): Statement {
  return {
    query: `SELECT key.1 AS project_id, key.2 AS event_id
FROM (SELECT arrayJoin(arrayZip({project_ids:Array(UUID)}, {event_ids:Array(String)})) AS key)
WHERE (key.1, sipHash64(key.2)) IN (
  SELECT i.project_id, i.id_hash FROM ${identifier(database)}.event_ids AS i
  WHERE i.project_id IN {project_ids:Array(UUID)}
    AND i.id_hash IN (SELECT sipHash64(arrayJoin({event_ids:Array(String)})))
)`,
    params: { project_ids: projectIds, event_ids: eventIds },
  }
}
