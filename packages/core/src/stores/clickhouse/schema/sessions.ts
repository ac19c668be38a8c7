import {
  chains,
  ENTRY_PATH,
  EVENT_HALF,
  EXIT_PATH,
  FRAGMENT,
  firstOf,
  IN_SESSION,
  SESSION_KEY,
} from '../sql/fragments.js'

/** What a session takes from its first event. */
const FIRST_COLUMNS = [
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

const OF_EVENTS = [
  'uniqExact(e.event_id) AS events',
  `${FRAGMENT.pageviews} AS pageviews`,
  `${FRAGMENT.others} AS others`,
  ...FIRST_COLUMNS.map((name) => `${firstOf(`e.${name}`)} AS ${name}`),
  `${FRAGMENT.entry_path} AS entry_path`,
  `${FRAGMENT.exit_path} AS exit_path`,
]

/**
 * Views for people who write SQL: `sessions` has one row per visitor, session id and half hour (a fragment: inside one no
 * gap can exceed thirty minutes), `sessions_v` one row a true session. Nothing is stored: see
 * docs/decisions/sessions-at-read.md. Ask for one project; what two processes stored in the same instant is in both until
 * upkeep takes it away.
 */
export function sessionViews(db: string): readonly string[] {
  const rows = `FROM ${db}.events AS e WHERE ${IN_SESSION}`
  const ids = ['anonymous_id', 'session_id', 'is_bot'] as const
  return [
    `CREATE VIEW IF NOT EXISTS ${db}.sessions AS
SELECT ${[
      'e.project_id AS project_id',
      `toDateTime(${EVENT_HALF} * 1800, 'UTC') AS bucket`,
      ...ids.map((name) => `e.${name} AS ${name}`),
      'min(e.timestamp) AS started_at',
      'max(e.timestamp) AS ended_at',
      ...OF_EVENTS,
    ].join(',\n  ')}
${rows}
GROUP BY project_id, bucket, ${ids.join(', ')}`,
    `CREATE VIEW IF NOT EXISTS ${db}.sessions_v AS
SELECT ${[
      'project_id',
      ...[...ids, ...FIRST_COLUMNS].map((name) => `argMin(s.${name}, s.half) AS ${name}`),
      "fromUnixTimestamp64Milli(min(s.started_ms), 'UTC') AS started_at",
      "fromUnixTimestamp64Milli(max(s.ended_ms), 'UTC') AS ended_at",
      'sum(s.events) AS events',
      'sum(s.pageviews) AS pageviews',
      'sum(s.pageviews) = 1 AND sum(s.others) = 0 AS bounced',
      `${ENTRY_PATH.replaceAll(/\b(entry_path|half|pageviews)\b/g, 's.$1')} AS entry_path`,
      `${EXIT_PATH.replaceAll(/\b(exit_path|half|pageviews)\b/g, 's.$1')} AS exit_path`,
    ].join(',\n  ')}
FROM (${chains(rows, [...ids.map((name) => `${firstOf(`e.${name}`)} AS ${name}`), ...OF_EVENTS], ['project_id'])}) AS s
GROUP BY project_id, ${SESSION_KEY}`,
  ]
}
