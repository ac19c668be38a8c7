import type { StoredEvent } from '../../ports/event-store.js'

/** Columns of `events` in the order of every INSERT, with their types. */
export const EVENT_COLUMNS: { readonly [C in keyof StoredEvent]: string } = {
  project_id: 'UUID',
  event_id: 'String',
  event_name: 'LowCardinality(String)',
  timestamp: "DateTime64(3, 'UTC')",
  received_at: "DateTime64(3, 'UTC')",
  client_timestamp: "Nullable(DateTime64(3, 'UTC'))",
  seq: 'UInt32',
  anonymous_id: 'String',
  user_id: 'String',
  session_id: 'String',
  url: 'String CODEC(ZSTD(1))',
  hostname: 'LowCardinality(String)',
  path: 'String CODEC(ZSTD(1))',
  referrer: 'String CODEC(ZSTD(1))',
  referrer_host: 'LowCardinality(String)',
  source: 'LowCardinality(String)',
  medium: 'LowCardinality(String)',
  campaign: 'LowCardinality(String)',
  term: 'String CODEC(ZSTD(1))',
  content: 'String CODEC(ZSTD(1))',
  channel: 'LowCardinality(String)',
  source_confidence: 'LowCardinality(String)',
  source_rule_id: 'LowCardinality(String)',
  country: 'LowCardinality(String)',
  device_type: 'LowCardinality(String)',
  browser: 'LowCardinality(String)',
  os: 'LowCardinality(String)',
  is_bot: 'Bool',
  ip_hash: 'String',
  properties: 'String CODEC(ZSTD(1))',
  sdk_name: 'LowCardinality(String)',
  sdk_version: 'LowCardinality(String)',
}

/**
 * Distinct visitor of a row as 64 bits: user ids and anonymous ids are separate name spaces, and an event
 * that carries only a user counts that user.
 */
export const VISITOR_HASH = "if(anonymous_id = '', sipHash64('u', user_id), sipHash64('a', anonymous_id))"

/**
 * Order that decides "first" and "last" among events: equal times are told apart, or the answer would depend
 * on which row a merge put first.
 */
const MOMENT = 'tuple(timestamp, received_at, seq, event_id)'

const MOMENT_TYPE = "Tuple(DateTime64(3, 'UTC'), DateTime64(3, 'UTC'), UInt32, String)"

// Without a window on the table AND on every view target, a batch that is sent again is stored again
// (measured: 9 rows for 3); with it, the last 10,000 batches are remembered by their token.
const REPEAT_SAFE = 'non_replicated_deduplication_window = 10000'

export interface Migration {
  readonly version: number
  readonly name: string
  /** Statements in order; `db` is the quoted database. Each can run twice. */
  statements(db: string): readonly string[]
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'events',
    statements: (db) => [
      `CREATE TABLE IF NOT EXISTS ${db}.events (
${Object.entries(EVENT_COLUMNS)
  .map(([name, type]) => `  ${name} ${type}`)
  .join(',\n')}
) ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, timestamp, event_id)
SETTINGS ${REPEAT_SAFE}`,
    ],
  },
  {
    version: 2,
    name: 'event_ids',
    statements: (db) => [
      // One narrow row per event: asking for 1000 ids among 10 million reads 80 MB here, not the events.
      `CREATE TABLE IF NOT EXISTS ${db}.event_ids (
  project_id UUID,
  id_hash UInt64,
  timestamp DateTime64(3, 'UTC')
) ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, id_hash)
SETTINGS ${REPEAT_SAFE}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.event_ids_mv TO ${db}.event_ids AS
SELECT project_id, sipHash64(event_id) AS id_hash, timestamp
FROM ${db}.events`,
    ],
  },
  {
    version: 3,
    name: 'sessions',
    statements: (db) => [
      // Fragments of sessions: one row per visitor, session id and half hour. Only aggregates that a repeated
      // row can't change: min, max, first, last, and exact sets of event ids.
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
  entry_path AggregateFunction(argMin, String, ${MOMENT_TYPE}),
  exit_path AggregateFunction(argMax, String, ${MOMENT_TYPE}),
  source AggregateFunction(argMin, String, ${MOMENT_TYPE}),
  medium AggregateFunction(argMin, String, ${MOMENT_TYPE}),
  channel AggregateFunction(argMin, String, ${MOMENT_TYPE})
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (project_id, bucket, anonymous_id, session_id, is_bot)
SETTINGS ${REPEAT_SAFE}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.sessions_mv TO ${db}.sessions AS
SELECT
  project_id,
  toDateTime(intDiv(toUnixTimestamp64Milli(timestamp), 1800000) * 1800, 'UTC') AS bucket,
  anonymous_id,
  session_id,
  is_bot,
  min(timestamp) AS started_at,
  max(timestamp) AS ended_at,
  uniqExactState(sipHash64(event_id)) AS events,
  uniqExactIfState(sipHash64(event_id), event_name = '$pageview') AS pageviews,
  argMinState(path, ${MOMENT}) AS entry_path,
  argMaxState(path, ${MOMENT}) AS exit_path,
  argMinState(CAST(source, 'String'), ${MOMENT}) AS source,
  argMinState(CAST(medium, 'String'), ${MOMENT}) AS medium,
  argMinState(CAST(channel, 'String'), ${MOMENT}) AS channel
FROM ${db}.events
WHERE session_id != ''
GROUP BY project_id, bucket, anonymous_id, session_id, is_bot`,
      `CREATE VIEW IF NOT EXISTS ${db}.sessions_v AS
SELECT
  project_id,
  bucket,
  anonymous_id,
  session_id,
  is_bot,
  min(started_at) AS started_at,
  max(ended_at) AS ended_at,
  uniqExactMerge(events) AS events,
  uniqExactIfMerge(pageviews) AS pageviews,
  argMinMerge(entry_path) AS entry_path,
  argMaxMerge(exit_path) AS exit_path,
  argMinMerge(source) AS source,
  argMinMerge(medium) AS medium,
  argMinMerge(channel) AS channel
FROM ${db}.sessions
GROUP BY project_id, bucket, anonymous_id, session_id, is_bot`,
    ],
  },
  {
    version: 4,
    name: 'daily_rollup',
    statements: (db) => [
      `CREATE TABLE IF NOT EXISTS ${db}.daily_rollup (
  project_id UUID,
  day Date,
  event_name LowCardinality(String),
  source LowCardinality(String),
  medium LowCardinality(String),
  is_bot Bool,
  events AggregateFunction(uniqExact, UInt64),
  visitors AggregateFunction(uniqExact, UInt64)
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (project_id, day, event_name, source, medium, is_bot)
SETTINGS ${REPEAT_SAFE}`,
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.daily_rollup_mv TO ${db}.daily_rollup AS
SELECT
  project_id,
  toDate(timestamp) AS day,
  event_name,
  source,
  medium,
  is_bot,
  uniqExactState(sipHash64(event_id)) AS events,
  uniqExactState(${VISITOR_HASH}) AS visitors
FROM ${db}.events
GROUP BY project_id, day, event_name, source, medium, is_bot`,
    ],
  },
]
