import type { StoredEvent } from '../../../ports/event-store.js'

/** Columns of `events` in the order of every INSERT, with their types. */
export const EVENT_COLUMNS: { readonly [C in keyof StoredEvent | 'batch']: string } = {
  project_id: 'UUID',
  event_id: 'String',
  event_name: 'LowCardinality(String)',
  timestamp: "DateTime64(3, 'UTC')",
  received_at: "DateTime64(3, 'UTC')",
  client_timestamp: "Nullable(DateTime64(3, 'UTC'))",
  seq: 'UInt32',
  body_hash: 'UInt64',
  batch: 'UInt32',
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

// Without a window on the table AND on every view target, a batch that is sent again is stored again
// (measured: 9 rows for 3); with it, the last 10,000 batches are remembered by their token.
export const REPEAT_SAFE = 'non_replicated_deduplication_window = 10000'

// Parts that were merged go every half minute, from a hundred on by 128 threads that rename and delete at once: inserts,
// which make folders beside them, waited 300 to 500 ms for seconds. One thread does it in the gaps.
const REMOVED_IN_TURN = 'concurrent_part_removal_threshold = 1000000'

/** Of every table. */
export const TABLE_SETTINGS: string = `${REPEAT_SAFE}, ${REMOVED_IN_TURN}`

/**
 * Distinct visitor of a row: user ids and anonymous ids are separate name spaces; a lone user counts as itself. Stored, as
 * `owner` and `visit` are, because questions that hash and compare texts row by row take half as long again.
 */
const VISITOR = "if(anonymous_id = '', sipHash64('u', user_id), sipHash64('a', anonymous_id))"

/** The user a row names, 0 when it names none. */
const OWNER = "if(user_id = '', 0, sipHash64('u', user_id))"
/** SDKs send the derived id along: then it is derived and not the caller's. Nothing is derived from no visitor. */
const DERIVED =
  "(anonymous_id != '' AND session_id = concat(anonymous_id, '-', toString(intDiv(toUnixTimestamp(timestamp), 1800))))"
/**
 * The visit of a row, which sessions are made of: a visitor (derived ids, odd) or a caller-set id (even), apart for crawlers;
 * 0 without a session id.
 */
const VISIT = `if(session_id = '', 0, bitOr(bitAnd(bitXor(cityHash64(if(${DERIVED}, anonymous_id, session_id)), is_bot * 14029467366897019727), 18446744073709551614), ${DERIVED}))`

/**
 * Order that decides "first" and "last" among events: equal times are told apart, or the answer would depend on
 * which row a merge put first.
 */
export const MOMENT = 'tuple(timestamp, received_at, seq, event_id)'
export const MOMENT_TYPE = "Tuple(DateTime64(3, 'UTC'), DateTime64(3, 'UTC'), UInt32, String)"

/**
 * `stored_at` is one moment for all rows of an INSERT. It tells apart rows that are equal otherwise, when a batch was
 * stored twice under one token, and which inserts may be on their way.
 */
export function eventsTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.events (
${Object.entries(EVENT_COLUMNS)
  .map(([name, type]) => `  ${name} ${type}`)
  .join(',\n')},
  visitor UInt64 MATERIALIZED ${VISITOR},
  owner UInt64 MATERIALIZED ${OWNER},
  visit UInt64 MATERIALIZED ${VISIT},
  stored_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
  INDEX stored_at stored_at TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, timestamp, event_id)
SETTINGS ${TABLE_SETTINGS}`,
  ]
}
