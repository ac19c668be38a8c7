CREATE DATABASE IF NOT EXISTS `shop` ON CLUSTER `main`;

CREATE TABLE IF NOT EXISTS `shop`.migrations_local ON CLUSTER `main` (
  version UInt32,
  name String,
  applied_at DateTime('UTC') DEFAULT now()
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY version;

CREATE TABLE IF NOT EXISTS `shop`.migrations ON CLUSTER `main` (
  version UInt32,
  name String,
  applied_at DateTime('UTC') DEFAULT now()
) ENGINE = Distributed('main', 'shop', 'migrations_local', cityHash64(version));

CREATE TABLE IF NOT EXISTS `shop`.events_local ON CLUSTER `main` (
  project_id UUID,
  event_id String,
  event_name LowCardinality(String),
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  client_timestamp Nullable(DateTime64(3, 'UTC')),
  seq UInt32,
  body_hash UInt64,
  batch UInt32,
  anonymous_id String,
  user_id String,
  session_id String,
  url String CODEC(ZSTD(1)),
  hostname LowCardinality(String),
  path String CODEC(ZSTD(1)),
  referrer String CODEC(ZSTD(1)),
  referrer_host LowCardinality(String),
  source LowCardinality(String),
  medium LowCardinality(String),
  campaign LowCardinality(String),
  term String CODEC(ZSTD(1)),
  content String CODEC(ZSTD(1)),
  channel LowCardinality(String),
  source_confidence LowCardinality(String),
  source_rule_id LowCardinality(String),
  country LowCardinality(String),
  device_type LowCardinality(String),
  browser LowCardinality(String),
  os LowCardinality(String),
  is_bot Bool,
  ip_hash String,
  properties String CODEC(ZSTD(1)),
  sdk_name LowCardinality(String),
  sdk_version LowCardinality(String),
  visitor UInt64 MATERIALIZED if(anonymous_id = '', sipHash64('u', user_id), sipHash64('a', anonymous_id)),
  owner UInt64 MATERIALIZED if(user_id = '', 0, sipHash64('u', user_id)),
  visit UInt64 MATERIALIZED if(session_id = '', 0, bitOr(bitAnd(bitXor(cityHash64(if((anonymous_id != '' AND session_id = concat(anonymous_id, '-', toString(intDiv(toUnixTimestamp(timestamp), 1800)))), anonymous_id, session_id)), is_bot * 14029467366897019727), 18446744073709551614), (anonymous_id != '' AND session_id = concat(anonymous_id, '-', toString(intDiv(toUnixTimestamp(timestamp), 1800)))))),
  stored_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
  INDEX stored_at stored_at TYPE minmax GRANULARITY 1
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, timestamp, event_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.events ON CLUSTER `main` (
  project_id UUID,
  event_id String,
  event_name LowCardinality(String),
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  client_timestamp Nullable(DateTime64(3, 'UTC')),
  seq UInt32,
  body_hash UInt64,
  batch UInt32,
  anonymous_id String,
  user_id String,
  session_id String,
  url String CODEC(ZSTD(1)),
  hostname LowCardinality(String),
  path String CODEC(ZSTD(1)),
  referrer String CODEC(ZSTD(1)),
  referrer_host LowCardinality(String),
  source LowCardinality(String),
  medium LowCardinality(String),
  campaign LowCardinality(String),
  term String CODEC(ZSTD(1)),
  content String CODEC(ZSTD(1)),
  channel LowCardinality(String),
  source_confidence LowCardinality(String),
  source_rule_id LowCardinality(String),
  country LowCardinality(String),
  device_type LowCardinality(String),
  browser LowCardinality(String),
  os LowCardinality(String),
  is_bot Bool,
  ip_hash String,
  properties String CODEC(ZSTD(1)),
  sdk_name LowCardinality(String),
  sdk_version LowCardinality(String),
  visitor UInt64 MATERIALIZED if(anonymous_id = '', sipHash64('u', user_id), sipHash64('a', anonymous_id)),
  owner UInt64 MATERIALIZED if(user_id = '', 0, sipHash64('u', user_id)),
  visit UInt64 MATERIALIZED if(session_id = '', 0, bitOr(bitAnd(bitXor(cityHash64(if((anonymous_id != '' AND session_id = concat(anonymous_id, '-', toString(intDiv(toUnixTimestamp(timestamp), 1800)))), anonymous_id, session_id)), is_bot * 14029467366897019727), 18446744073709551614), (anonymous_id != '' AND session_id = concat(anonymous_id, '-', toString(intDiv(toUnixTimestamp(timestamp), 1800)))))),
  stored_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
) ENGINE = Distributed('main', 'shop', 'events_local', cityHash64(project_id, if(anonymous_id = '', user_id, anonymous_id)));

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (1, 'events');

CREATE TABLE IF NOT EXISTS `shop`.event_ids_local ON CLUSTER `main` (
  project_id UUID,
  id_hash UInt64,
  body_hash UInt64,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  batch UInt32,
  stored_at DateTime64(6, 'UTC'),
  INDEX stored_at stored_at TYPE minmax GRANULARITY 1
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (project_id, id_hash)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000, index_granularity = 1024, min_compress_block_size = 8192, max_compress_block_size = 16384;

CREATE TABLE IF NOT EXISTS `shop`.event_ids ON CLUSTER `main` (
  project_id UUID,
  id_hash UInt64,
  body_hash UInt64,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  batch UInt32,
  stored_at DateTime64(6, 'UTC')
) ENGINE = Distributed('main', 'shop', 'event_ids_local', cityHash64(project_id));

CREATE MATERIALIZED VIEW IF NOT EXISTS `shop`.event_ids_mv ON CLUSTER `main` TO `shop`.event_ids_local AS
SELECT project_id, sipHash64(event_id) AS id_hash, body_hash, timestamp, received_at, batch, stored_at
FROM `shop`.events_local;

CREATE TABLE IF NOT EXISTS `shop`.sweeps_local ON CLUSTER `main` (
  swept_until SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
  removed SimpleAggregateFunction(sum, UInt64)
) ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY tuple();

CREATE TABLE IF NOT EXISTS `shop`.sweeps ON CLUSTER `main` (
  swept_until SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
  removed SimpleAggregateFunction(sum, UInt64)
) ENGINE = Distributed('main', 'shop', 'sweeps_local', cityHash64(swept_until));

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (2, 'event_ids');

CREATE TABLE IF NOT EXISTS `shop`.marks_local ON CLUSTER `main` (
  project_id UUID,
  quarter DateTime('UTC'),
  rows SimpleAggregateFunction(sum, UInt64),
  last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(quarter)
ORDER BY (project_id, quarter)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.marks ON CLUSTER `main` (
  project_id UUID,
  quarter DateTime('UTC'),
  rows SimpleAggregateFunction(sum, UInt64),
  last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = Distributed('main', 'shop', 'marks_local', cityHash64(project_id));

CREATE MATERIALIZED VIEW IF NOT EXISTS `shop`.marks_mv ON CLUSTER `main` TO `shop`.marks_local AS
SELECT project_id, toStartOfFifteenMinutes(timestamp) AS quarter, count() AS rows, now64(3, 'UTC') AS last_at
FROM `shop`.events_local
GROUP BY project_id, quarter;

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (3, 'marks');

CREATE TABLE IF NOT EXISTS `shop`.identity_links_local ON CLUSTER `main` (
  project_id UUID,
  anonymous_id String,
  user_id String,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  event_id String
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, anonymous_id, timestamp, event_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.identity_links ON CLUSTER `main` (
  project_id UUID,
  anonymous_id String,
  user_id String,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  event_id String
) ENGINE = Distributed('main', 'shop', 'identity_links_local', cityHash64(project_id, if(anonymous_id = '', user_id, anonymous_id)));

CREATE MATERIALIZED VIEW IF NOT EXISTS `shop`.identity_links_mv ON CLUSTER `main` TO `shop`.identity_links_local AS
SELECT project_id, anonymous_id, user_id, timestamp, received_at, event_id
FROM `shop`.events_local
WHERE event_name = '$identify' AND anonymous_id != '' AND user_id != '';

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (4, 'identity_links');

CREATE VIEW IF NOT EXISTS `shop`.sessions ON CLUSTER `main` AS
SELECT e.project_id AS project_id,
  toDateTime(intDiv(toUnixTimestamp(e.timestamp), 1800) * 1800, 'UTC') AS bucket,
  e.anonymous_id AS anonymous_id,
  e.session_id AS session_id,
  e.is_bot AS is_bot,
  min(e.timestamp) AS started_at,
  max(e.timestamp) AS ended_at,
  uniqExact(e.event_id) AS events,
  countIf(e.event_name = '$pageview') AS pageviews,
  countIf(e.event_name NOT IN ('$pageview', '$identify')) AS others,
  argMin(e.source, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS source,
  argMin(e.medium, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS medium,
  argMin(e.campaign, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS campaign,
  argMin(e.term, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS term,
  argMin(e.content, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS content,
  argMin(e.channel, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS channel,
  argMin(e.referrer_host, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS referrer_host,
  argMin(e.hostname, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS hostname,
  argMin(e.country, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS country,
  argMin(e.device_type, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS device_type,
  argMin(e.browser, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS browser,
  argMin(e.os, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS os,
  argMinIf(e.path, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id), e.event_name = '$pageview') AS entry_path,
  argMaxIf(e.path, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id), e.event_name = '$pageview') AS exit_path
FROM `shop`.events AS e WHERE e.visit != 0
GROUP BY project_id, bucket, anonymous_id, session_id, is_bot;

CREATE VIEW IF NOT EXISTS `shop`.sessions_v ON CLUSTER `main` AS
SELECT project_id,
  argMin(s.anonymous_id, s.half) AS anonymous_id,
  argMin(s.session_id, s.half) AS session_id,
  argMin(s.is_bot, s.half) AS is_bot,
  argMin(s.source, s.half) AS source,
  argMin(s.medium, s.half) AS medium,
  argMin(s.campaign, s.half) AS campaign,
  argMin(s.term, s.half) AS term,
  argMin(s.content, s.half) AS content,
  argMin(s.channel, s.half) AS channel,
  argMin(s.referrer_host, s.half) AS referrer_host,
  argMin(s.hostname, s.half) AS hostname,
  argMin(s.country, s.half) AS country,
  argMin(s.device_type, s.half) AS device_type,
  argMin(s.browser, s.half) AS browser,
  argMin(s.os, s.half) AS os,
  fromUnixTimestamp64Milli(min(s.started_ms), 'UTC') AS started_at,
  fromUnixTimestamp64Milli(max(s.ended_ms), 'UTC') AS ended_at,
  sum(s.events) AS events,
  sum(s.pageviews) AS pageviews,
  sum(s.pageviews) = 1 AND sum(s.others) = 0 AS bounced,
  argMinIf(s.entry_path, s.half, s.pageviews > 0) AS entry_path,
  argMaxIf(s.exit_path, s.half, s.pageviews > 0) AS exit_path
FROM (SELECT *, max(if(opens, half, 0)) OVER (PARTITION BY project_id, visit ORDER BY half ROWS UNBOUNDED PRECEDING) AS chain FROM (
  SELECT *, lagInFrame(ended_ms + 1) OVER (PARTITION BY project_id, visit ORDER BY half ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
    before = 0 OR visit % 2 = 1 AND started_ms - (before - 1) > 1800000 AS opens
  FROM (
    SELECT e.project_id AS project_id, e.visit AS visit, intDiv(toUnixTimestamp(e.timestamp), 1800) AS half, toUnixTimestamp64Milli(min(e.timestamp)) AS started_ms, toUnixTimestamp64Milli(max(e.timestamp)) AS ended_ms, argMin(e.anonymous_id, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS anonymous_id, argMin(e.session_id, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS session_id, argMin(e.is_bot, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS is_bot, uniqExact(e.event_id) AS events, countIf(e.event_name = '$pageview') AS pageviews, countIf(e.event_name NOT IN ('$pageview', '$identify')) AS others, argMin(e.source, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS source, argMin(e.medium, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS medium, argMin(e.campaign, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS campaign, argMin(e.term, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS term, argMin(e.content, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS content, argMin(e.channel, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS channel, argMin(e.referrer_host, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS referrer_host, argMin(e.hostname, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS hostname, argMin(e.country, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS country, argMin(e.device_type, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS device_type, argMin(e.browser, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS browser, argMin(e.os, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id)) AS os, argMinIf(e.path, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id), e.event_name = '$pageview') AS entry_path, argMaxIf(e.path, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)'), reinterpret(byteSwap(e.seq), 'FixedString(4)'), e.event_id), e.event_name = '$pageview') AS exit_path
    FROM `shop`.events AS e WHERE e.visit != 0
    GROUP BY project_id, visit, half
  )
)) AS s
GROUP BY project_id, visit, chain, toUInt32(intDiv(half - chain, 48));

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (5, 'sessions');

CREATE TABLE IF NOT EXISTS `shop`.daily_rollup_local ON CLUSTER `main` (
  project_id UUID,
  day_start DateTime('UTC'),
  day_end DateTime('UTC'),
  generation UInt64,
  event_name LowCardinality(String),
  source LowCardinality(String),
  medium LowCardinality(String),
  channel LowCardinality(String),
  is_bot Bool,
  events UInt64,
  visitors AggregateFunction(uniqExact, UInt64)
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(day_start)
ORDER BY (project_id, day_start, generation, event_name, source, medium, channel, is_bot)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.daily_rollup ON CLUSTER `main` (
  project_id UUID,
  day_start DateTime('UTC'),
  day_end DateTime('UTC'),
  generation UInt64,
  event_name LowCardinality(String),
  source LowCardinality(String),
  medium LowCardinality(String),
  channel LowCardinality(String),
  is_bot Bool,
  events UInt64,
  visitors AggregateFunction(uniqExact, UInt64)
) ENGINE = Distributed('main', 'shop', 'daily_rollup_local', cityHash64(project_id));

CREATE TABLE IF NOT EXISTS `shop`.rollup_days_local ON CLUSTER `main` (
  project_id UUID,
  day_start DateTime('UTC'),
  day_end DateTime('UTC'),
  generation UInt64,
  marks UInt64
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', generation)
PARTITION BY toYYYYMM(day_start)
ORDER BY (project_id, day_start, day_end)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.rollup_days ON CLUSTER `main` (
  project_id UUID,
  day_start DateTime('UTC'),
  day_end DateTime('UTC'),
  generation UInt64,
  marks UInt64
) ENGINE = Distributed('main', 'shop', 'rollup_days_local', cityHash64(project_id));

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (6, 'daily_rollup');

CREATE TABLE IF NOT EXISTS `shop`.erasures_local ON CLUSTER `main` (
  erasure_id UUID,
  project_id UUID,
  kind LowCardinality(String),
  user_id String,
  anonymous_id String,
  until DateTime64(3, 'UTC')
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (erasure_id, project_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.erasures ON CLUSTER `main` (
  erasure_id UUID,
  project_id UUID,
  kind LowCardinality(String),
  user_id String,
  anonymous_id String,
  until DateTime64(3, 'UTC')
) ENGINE = Distributed('main', 'shop', 'erasures_local', cityHash64(project_id, if(anonymous_id = '', user_id, anonymous_id)));

CREATE TABLE IF NOT EXISTS `shop`.erased_rows_local ON CLUSTER `main` (
  erasure_id UUID,
  project_id UUID,
  event_id String,
  id_hash UInt64,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  batch UInt32,
  stored_at DateTime64(6, 'UTC'),
  quarter DateTime('UTC'),
  anonymous_id String,
  user_id String,
  is_link Bool
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (erasure_id, project_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.erased_rows ON CLUSTER `main` (
  erasure_id UUID,
  project_id UUID,
  event_id String,
  id_hash UInt64,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  batch UInt32,
  stored_at DateTime64(6, 'UTC'),
  quarter DateTime('UTC'),
  anonymous_id String,
  user_id String,
  is_link Bool
) ENGINE = Distributed('main', 'shop', 'erased_rows_local', cityHash64(project_id, if(anonymous_id = '', user_id, anonymous_id)));

CREATE TABLE IF NOT EXISTS `shop`.tombstones_local ON CLUSTER `main` (
  project_id UUID,
  hash FixedString(64),
  pepper_id String,
  until SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (project_id, hash, pepper_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.tombstones ON CLUSTER `main` (
  project_id UUID,
  hash FixedString(64),
  pepper_id String,
  until SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = Distributed('main', 'shop', 'tombstones_local', cityHash64(project_id));

CREATE TABLE IF NOT EXISTS `shop`.erasure_records_local ON CLUSTER `main` (
  project_id UUID,
  erasure_id UUID,
  subject LowCardinality(String),
  requested_at DateTime64(3, 'UTC'),
  verified_at DateTime64(3, 'UTC'),
  removed Map(String, UInt64)
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (project_id, erasure_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.erasure_records ON CLUSTER `main` (
  project_id UUID,
  erasure_id UUID,
  subject LowCardinality(String),
  requested_at DateTime64(3, 'UTC'),
  verified_at DateTime64(3, 'UTC'),
  removed Map(String, UInt64)
) ENGINE = Distributed('main', 'shop', 'erasure_records_local', cityHash64(project_id));

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (7, 'privacy');

CREATE TABLE IF NOT EXISTS `shop`.quarantine_local ON CLUSTER `main` (
  project_id String,
  event_id String,
  anonymous_id String,
  user_id String,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  quarantined_at DateTime64(3, 'UTC'),
  code LowCardinality(String),
  reason String,
  row String CODEC(ZSTD(1))
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
ORDER BY (project_id, quarantined_at, event_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.quarantine ON CLUSTER `main` (
  project_id String,
  event_id String,
  anonymous_id String,
  user_id String,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  quarantined_at DateTime64(3, 'UTC'),
  code LowCardinality(String),
  reason String,
  row String CODEC(ZSTD(1))
) ENGINE = Distributed('main', 'shop', 'quarantine_local', cityHash64(project_id, if(anonymous_id = '', user_id, anonymous_id)));

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (8, 'quarantine');

CREATE TABLE IF NOT EXISTS `shop`.reclassifications_local ON CLUSTER `main` (
  project_id UUID,
  run UUID,
  key UInt128,
  source String,
  medium String,
  channel String,
  campaign String,
  term String,
  content String,
  source_confidence String,
  source_rule_id String,
  written_at DateTime('UTC') DEFAULT now()
) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY (project_id, run)
ORDER BY (project_id, key)
TTL written_at + INTERVAL 24 HOUR
SETTINGS ttl_only_drop_parts = 1, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 1209600, concurrent_part_removal_threshold = 1000000;

CREATE TABLE IF NOT EXISTS `shop`.reclassifications ON CLUSTER `main` (
  project_id UUID,
  run UUID,
  key UInt128,
  source String,
  medium String,
  channel String,
  campaign String,
  term String,
  content String,
  source_confidence String,
  source_rule_id String,
  written_at DateTime('UTC') DEFAULT now()
) ENGINE = Distributed('main', 'shop', 'reclassifications_local', cityHash64(project_id));

INSERT INTO `shop`.migrations (version, name) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, async_insert=0 VALUES (9, 'reclassifications');
