import type { StatsPlan } from '../../../ports/event-store.js'
import { VISITOR_HASH } from '../schema/events.js'
import { joinLinks, PERSON_HASH } from './identity.js'
import { COLUMN, eventRows, type Reading, type Statement } from './statement.js'

const METRIC: { readonly [M in StatsPlan['metric']]: string } = {
  count: 'count()',
  uniques: `uniqExact(${VISITOR_HASH})`,
  people: `uniqExact(${PERSON_HASH})`,
  pageviews: "countIf(e.event_name = '$pageview')",
}

/** Columns `group_0…` and `value`; one group more than the limit, to tell whether there are more. */
export function groupsStatement(reading: Reading, plan: StatsPlan): Statement {
  const { query, params } = rows(reading, plan)
  const keys = groupKeys(plan.group_by)
  return {
    query: `SELECT ${[...groupColumns(plan.group_by), `${METRIC[plan.metric]} AS value`].join(', ')} ${query}
${keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')}`}
ORDER BY ${['value DESC', ...keys].join(', ')}
LIMIT {limit:UInt32}`,
    params: { ...params, limit: plan.limit + 1 },
  }
}

/** Columns `group_0…`, `bucket` (epoch milliseconds) and `value`, for the groups given. */
export function seriesStatement(
  reading: Reading,
  plan: StatsPlan,
  buckets: readonly number[],
  groups: readonly (readonly string[])[],
): Statement {
  const { query, params } = rows(reading, plan)
  const keys = groupKeys(plan.group_by)
  const columns = [
    ...groupColumns(plan.group_by),
    'roundDown(toUnixTimestamp64Milli(e.timestamp), {buckets:Array(Int64)}) AS bucket',
    `${METRIC[plan.metric]} AS value`,
  ]
  const only = onlyGroups(
    plan.group_by.map((dimension) => `e.${COLUMN[dimension]}`),
    groups,
  )
  return {
    query: `SELECT ${columns.join(', ')} ${query} ${only.condition}
GROUP BY ${[...keys, 'bucket'].join(', ')}
ORDER BY ${['bucket', 'value DESC', ...keys].join(', ')}`,
    params: { ...params, ...only.params, buckets },
  }
}

function rows(reading: Reading, plan: StatsPlan): Statement {
  const { query, params } = eventRows(reading, plan)
  if (plan.metric !== 'people') return { query, params }
  return {
    query: query.replace(' AS e WHERE ', ` AS e ${joinLinks(reading)} WHERE `),
    params: { ...params, kept_from: reading.kept_from },
  }
}

export function groupKeys(group_by: readonly unknown[]): string[] {
  return group_by.map((_, index) => `group_${index}`)
}

function groupColumns(group_by: StatsPlan['group_by']): string[] {
  return group_by.map((dimension, index) => `e.${COLUMN[dimension]} AS group_${index}`)
}

/** `AND tuple(…) IN (…)`: keeps rows of these groups. Values travel as one list a column. */
export function onlyGroups(
  columns: readonly string[],
  groups: readonly (readonly string[])[],
): { condition: string; params: Record<string, unknown> } {
  if (columns.length === 0) return { condition: '', params: {} }
  const lists = columns.map((_, index) => `{groups_${index}:Array(String)}`)
  const texts = columns.map((column) => `toString(${column})`)
  return {
    condition: `AND tuple(${texts.join(', ')}) IN (SELECT arrayJoin(arrayZip(${lists.join(', ')})))`,
    params: Object.fromEntries(
      columns.map((_, index) => [`groups_${index}`, groups.map((group) => group[index] ?? '')]),
    ),
  }
}
