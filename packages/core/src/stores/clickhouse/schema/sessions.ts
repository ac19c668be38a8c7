import { MOMENT, MOMENT_TYPE, REPEAT_SAFE } from './events.js'

/** What a session takes from its first event, as one tuple; the order is the order of {@link FIRST_TYPE}. */
export const FIRST_COLUMNS = [
  'source',
  'medium',
  'campaign',
  'term',
  'content',
  'channel',
  'referrer_host',
  'hostname',
  'country',
  'device_type',
  'browser',
  'os',
] as const

// Values carry their moment, so that first and last can be told among fragments too, not only inside one.
const FIRST = `tuple(${MOMENT}, ${FIRST_COLUMNS.map((name) => `CAST(${name}, 'String')`).join(', ')})`
export const FIRST_TYPE: string = `Tuple(${MOMENT_TYPE}, ${FIRST_COLUMNS.map(() => 'String').join(', ')})`
const PAGE = `tuple(${MOMENT}, path)`
const PAGE_TYPE = `Tuple(${MOMENT_TYPE}, String)`

/** Half hour of event time; inside one no gap can exceed thirty minutes. */
export const HALF_HOUR = "toDateTime(intDiv(toUnixTimestamp64Milli(timestamp), 1800000) * 1800, 'UTC')"

/**
 * Fragments of sessions from rows of `events`: one row per visitor, session id and half hour. Only aggregates that
 * a repeated row can't change (min, max, first, last, exact sets of event ids), and no expression that can throw:
 * a view that throws would fail the insert of everybody in the batch.
 */
export function fragmentsOf(rows: string): string {
  return `SELECT
  project_id,
  ${HALF_HOUR} AS bucket,
  anonymous_id,
  session_id,
  is_bot,
  min(timestamp) AS started_at,
  max(timestamp) AS ended_at,
  uniqExactState(sipHash64(event_id)) AS events,
  uniqExactIfState(sipHash64(event_id), event_name = '$pageview') AS pageviews,
  uniqExactIfState(sipHash64(event_id), event_name NOT IN ('$pageview', '$identify')) AS others,
  argMinState(${FIRST}, ${MOMENT}) AS first,
  argMinIfState(${PAGE}, ${MOMENT}, event_name = '$pageview') AS entry_page,
  argMaxIfState(${PAGE}, ${MOMENT}, event_name = '$pageview') AS exit_page
FROM ${rows}
GROUP BY project_id, bucket, anonymous_id, session_id, is_bot`
}

/** How each stored state of a fragment is read. */
export const READ_STATE = {
  events: 'uniqExactMerge(events)',
  pageviews: 'uniqExactIfMerge(pageviews)',
  others: 'uniqExactIfMerge(others)',
  first: 'argMinMerge(first)',
  entry_page: 'argMinIfMerge(entry_page)',
  exit_page: 'argMaxIfMerge(exit_page)',
} as const

/** Fragments with the named states read. `rows` is a table or a subquery of fragments, with its conditions. */
export function readFragments(rows: string, states: readonly (keyof typeof READ_STATE)[]): string {
  return `SELECT project_id, bucket, anonymous_id, session_id, is_bot,
  ${[
    'min(started_at) AS started_at',
    'max(ended_at) AS ended_at',
    ...states.map((name) => `${READ_STATE[name]} AS ${name}`),
  ].join(',\n  ')}
FROM ${rows}
GROUP BY project_id, bucket, anonymous_id, session_id, is_bot`
}

export function sessionTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.sessions (
  project_id UUID,
  bucket DateTime('UTC'),
  anonymous_id String,
  session_id String,
  is_bot Bool,
  started_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
  ended_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  events AggregateFunction(uniqExact, UInt64),
  pageviews AggregateFunction(uniqExactIf, UInt64, UInt8),
  others AggregateFunction(uniqExactIf, UInt64, UInt8),
  first AggregateFunction(argMin, ${FIRST_TYPE}, ${MOMENT_TYPE}),
  entry_page AggregateFunction(argMinIf, ${PAGE_TYPE}, ${MOMENT_TYPE}, UInt8),
  exit_page AggregateFunction(argMaxIf, ${PAGE_TYPE}, ${MOMENT_TYPE}, UInt8)
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (project_id, bucket, anonymous_id, session_id, is_bot)
SETTINGS ${REPEAT_SAFE}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.sessions_mv TO ${db}.sessions AS
${fragmentsOf(`${db}.events WHERE session_id != ''`)}`,
    `CREATE VIEW IF NOT EXISTS ${db}.sessions_v AS
${readFragments(`${db}.sessions`, ['events', 'pageviews', 'others', 'first', 'entry_page', 'exit_page'])}`,
  ]
}
