import type { SessionDimension } from '@millimetric/schema/wire'
import type { SessionsPlan } from '../../../ports/event-store.js'
import { identifier } from '../client.js'
import { FIRST_COLUMNS, fragmentsOf, READ_STATE } from '../schema/sessions.js'
import { firstOfItsId, type Reading, type Statement } from './statement.js'
import { groupKeys, onlyGroups } from './stats.js'

const HALF_HOUR_MS = 1_800_000
const LOOK_MS = 86_400_000
/** Half hours after which a session is split. */
const LONGEST = 48

/** Columns `group_0…`, `sessions`, `bounces`, `duration_ms`, `pageviews`; one group more than the limit. */
export function sessionGroupsStatement(reading: Reading, plan: SessionsPlan): Statement {
  const { query, params } = sessions(reading, plan)
  const keys = groupKeys(plan.group_by)
  return {
    query: `SELECT ${[...groupColumns(plan), ...MEASURES].join(', ')} FROM (${query})
${keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')}`}
ORDER BY ${['sessions DESC', ...keys].join(', ')}
LIMIT {limit:UInt32}`,
    params: { ...params, limit: plan.limit + 1 },
  }
}

/** The same per bucket of the session's first event, for the groups given. */
export function sessionSeriesStatement(
  reading: Reading,
  plan: SessionsPlan,
  buckets: readonly number[],
  groups: readonly (readonly string[])[],
): Statement {
  const { query, params } = sessions(reading, plan)
  const keys = groupKeys(plan.group_by)
  const bucket = 'roundDown(started, {buckets:Array(Int64)}) AS bucket'
  const only = onlyGroups([...plan.group_by], groups)
  return {
    query: `SELECT ${[...groupColumns(plan), bucket, ...MEASURES].join(', ')} FROM (${query}) WHERE 1 ${only.condition}
GROUP BY ${[...keys, 'bucket'].join(', ')}
ORDER BY ${['bucket', 'sessions DESC', ...keys].join(', ')}`,
    params: { ...params, ...only.params, buckets },
  }
}

const MEASURES = [
  'count() AS sessions',
  'countIf(views = 1 AND rest = 0) AS bounces',
  'sum(ended - started) AS duration_ms',
  'sum(views) AS pageviews',
] as const

function groupColumns(plan: SessionsPlan): string[] {
  return plan.group_by.map((dimension, index) => `${dimension} AS group_${index}`)
}

/**
 * One row a session that starts in the range: `started`, `ended`, `views`, `rest`, and the dimensions that are asked
 * for. Fragments of one visitor are neighbours in one session when the gap between them is at most thirty minutes.
 */
function sessions(reading: Reading, plan: SessionsPlan): Statement {
  const dimensions = new Set<SessionDimension>([
    ...plan.group_by,
    ...plan.filters.map(({ field }) => dimension(field)),
  ])
  const fragments = fragmentRows(reading, plan, statesFor(dimensions))
  const params: Record<string, unknown> = { ...fragments.params, from: plan.from, to: plan.to }
  const filters = plan.filters.map(({ field, values }, index) => {
    params[`filter_${index}`] = values
    return `${dimension(field)} IN {filter_${index}:Array(String)}`
  })
  const columns = [
    'min(started_ms) AS started',
    'max(ended_ms) AS ended',
    'sum(pageviews) AS views',
    'sum(others) AS rest',
    ...[...dimensions].map((name) => `${sessionColumn(name)} AS ${name}`),
  ]
  return {
    // A chain is named by the half hour it opens in; of caller-set ids nothing but the first fragment opens one.
    query: `SELECT ${columns.join(', ')} FROM (
  SELECT *, max(if(opens, half, 0)) OVER (PARTITION BY visit ORDER BY half ROWS UNBOUNDED PRECEDING) AS chain FROM (
    SELECT *, lagInFrame(ended_ms + 1) OVER (PARTITION BY visit ORDER BY half ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
      before = 0 OR derived AND started_ms - (before - 1) > ${HALF_HOUR_MS} AS opens
    FROM (${fragments.query})
  )
)
GROUP BY visit, chain, intDiv(half - chain, ${LONGEST})
HAVING ${['started >= {from:Int64}', 'started < {to:Int64}', ...filters].join(' AND ')}`,
    params,
  }
}

/**
 * One row a visit and half hour, from 24 hours before the range to 24 hours after it in whole half hours. A visit is
 * a visitor (derived ids) or a caller-set id, as one 64-bit number: sorting and grouping by text costs twice as much.
 */
function fragmentRows(
  reading: Reading,
  plan: SessionsPlan,
  states: readonly (keyof typeof READ_STATE)[],
): Statement {
  const look_from = Math.floor((plan.from - LOOK_MS) / HALF_HOUR_MS) * HALF_HOUR_MS
  const look_to = Math.ceil((plan.to + LOOK_MS) / HALF_HOUR_MS) * HALF_HOUR_MS
  const columns = [
    'intDiv(toUnixTimestamp(bucket), 1800) AS half',
    "anonymous_id != '' AND session_id = concat(anonymous_id, '-', toString(half)) AS derived",
    'sipHash64(derived, if(derived, anonymous_id, session_id), is_bot) AS visit',
    'started_at',
    'ended_at',
    ...states,
  ]
  const reads = [
    'visit',
    'half',
    'any(derived) AS derived',
    'toUnixTimestamp64Milli(min(started_at)) AS started_ms',
    'toUnixTimestamp64Milli(max(ended_at)) AS ended_ms',
    ...states.map((name) => `${READ_STATE[name]} AS ${name}`),
  ]
  return {
    query: `SELECT ${reads.join(', ')}
FROM (SELECT ${columns.join(', ')} FROM ${fragmentSource(reading, plan)})
GROUP BY visit, half`,
    params: { project_id: plan.project_id, look_from: Math.max(look_from, 0), look_to },
  }
}

/** Stored fragments, or the same made from events now: when asked for, and while there are twins. */
function fragmentSource(reading: Reading, plan: SessionsPlan): string {
  const db = identifier(reading.database)
  const people = plan.include_bots ? [] : ['NOT is_bot']
  if (!plan.raw && !reading.distinct) {
    const conditions = [
      'f.project_id = {project_id:UUID}',
      'f.bucket >= toDateTime(intDiv({look_from:Int64}, 1000))',
      'f.bucket < toDateTime(intDiv({look_to:Int64}, 1000))',
      ...people,
    ]
    return `${db}.sessions AS f WHERE ${conditions.join(' AND ')}`
  }
  const conditions = [
    'e.project_id = {project_id:UUID}',
    "e.timestamp >= fromUnixTimestamp64Milli({look_from:Int64}, 'UTC')",
    "e.timestamp < fromUnixTimestamp64Milli({look_to:Int64}, 'UTC')",
    "e.session_id != ''",
    ...people,
    ...firstOfItsId(reading, 'e'),
  ]
  return `(${fragmentsOf(`${db}.events AS e WHERE ${conditions.join(' AND ')}`)})`
}

function statesFor(dimensions: ReadonlySet<SessionDimension>): (keyof typeof READ_STATE)[] {
  const ofFirst = [...dimensions].some((name) => name !== 'entry_path' && name !== 'exit_path')
  return [
    'pageviews',
    'others',
    ...(ofFirst ? (['first'] as const) : []),
    ...(dimensions.has('entry_path') ? (['entry_page'] as const) : []),
    ...(dimensions.has('exit_path') ? (['exit_page'] as const) : []),
  ]
}

function sessionColumn(name: SessionDimension): string {
  if (name === 'entry_path') return 'argMinIf(entry_page.2, entry_page.1, pageviews > 0)'
  if (name === 'exit_path') return 'argMaxIf(exit_page.2, exit_page.1, pageviews > 0)'
  // The first element of the tuple is the moment.
  return `argMin(first.${FIRST_COLUMNS.indexOf(name) + 2}, first.1)`
}

const DIMENSIONS: ReadonlySet<string> = new Set<string>([...FIRST_COLUMNS, 'entry_path', 'exit_path'])

function dimension(field: string): SessionDimension {
  if (isDimension(field)) return field
  throw new TypeError(`not a dimension of sessions: ${field}`)
}

function isDimension(field: string): field is SessionDimension {
  return DIMENSIONS.has(field)
}
