import type { Reading } from './reading.js'

export const HALF_HOUR_MS = 1_800_000
const LOOK_MS = 86_400_000
/** Half hours after which a session is split. */
export const LONGEST = 48

/** Half hour of a row `e` of events, as 32 bits; inside one no gap can exceed thirty minutes. */
export const EVENT_HALF: string = 'intDiv(toUnixTimestamp(e.timestamp), 1800)'
/** The visit of a row `e`, 0 without a session id: see `VISIT` of the table. */
export const EVENT_VISIT = 'e.visit'

/**
 * The events that can belong to sessions of the range: from 24 hours before it to 24 after, in whole half hours, and none
 * that retention has ended.
 */
export function lookRange(
  { from, to }: { from: number; to: number },
  { kept_from }: Reading,
): { from: number; to: number } {
  return {
    from: Math.max(Math.floor((from - LOOK_MS) / HALF_HOUR_MS) * HALF_HOUR_MS, kept_from),
    to: Math.ceil((to + LOOK_MS) / HALF_HOUR_MS) * HALF_HOUR_MS,
  }
}

/** Condition on rows `e` that can be in a session. */
export const IN_SESSION: string = `${EVENT_VISIT} != 0`

/**
 * Place of a row `e` in the order of (timestamp, received_at, seq, event_id), as bytes that compare so: argMin by a tuple
 * takes three times as long as by one text.
 */
export const EVENT_PLACE: string = `concat(${[
  "reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.timestamp))), 'FixedString(8)')",
  "reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(e.received_at))), 'FixedString(8)')",
  "reinterpret(byteSwap(e.seq), 'FixedString(4)')",
  'e.event_id',
].join(', ')})`
/** Condition on rows `e`. */
export const IS_PAGE = "e.event_name = '$pageview'"

/** What a fragment takes of its events, by name. */
export const FRAGMENT: {
  readonly [N in 'pageviews' | 'others' | 'entry_path' | 'exit_path']: string
} = {
  pageviews: `countIf(${IS_PAGE})`,
  others: "countIf(e.event_name NOT IN ('$pageview', '$identify'))",
  entry_path: `argMinIf(e.path, ${EVENT_PLACE}, ${IS_PAGE})`,
  exit_path: `argMaxIf(e.path, ${EVENT_PLACE}, ${IS_PAGE})`,
}

/** A column of the first event of a fragment. */
export function firstOf(column: string): string {
  return `argMin(${column}, ${EVENT_PLACE})`
}

/** What names a session among the rows of {@link chains}: 16 bytes, wider keys are grouped more slowly. */
export const SESSION_KEY: string = `visit, chain, toUInt32(intDiv(half - chain, ${LONGEST}))`

/**
 * One row a visit and half hour: `visit`, `half`, `chain`, `started_ms`, `ended_ms` and the columns given, from rows `e` of
 * events; `apart` are columns that keep visits apart. Fragments of one visitor are neighbours in one session when the gap between them is at most thirty minutes.
 *
 * Made from events at every question: stored states of the same fragments take twice the time to read (measured on a
 * million events, 337,000 in range: 50 ms of CPU against 106, and 547 with the states of first events), because a set of
 * event ids, which a repeat can't inflate, is as large as the events are.
 */
export function chains(from: string, columns: readonly string[], apart: readonly string[] = []): string {
  const visit = [...apart, 'visit'].join(', ')
  // A chain is named by the half hour it opens in; of caller-set ids, which are even, nothing but the first fragment opens one.
  return `SELECT *, max(if(opens, half, 0)) OVER (PARTITION BY ${visit} ORDER BY half ROWS UNBOUNDED PRECEDING) AS chain FROM (
  SELECT *, lagInFrame(ended_ms + 1) OVER (PARTITION BY ${visit} ORDER BY half ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
    before = 0 OR visit % 2 = 1 AND started_ms - (before - 1) > ${HALF_HOUR_MS} AS opens
  FROM (
    SELECT ${[
      ...apart.map((name) => `e.${name} AS ${name}`),
      `${EVENT_VISIT} AS visit`,
      `${EVENT_HALF} AS half`,
      'toUnixTimestamp64Milli(min(e.timestamp)) AS started_ms',
      'toUnixTimestamp64Milli(max(e.timestamp)) AS ended_ms',
      ...columns,
    ].join(', ')}
    ${from}
    GROUP BY ${visit}, half
  )
)`
}

// Fragments of a session are in the order of their half hours, so the first one holds its first event.
export const ENTRY_PATH: string = 'argMinIf(entry_path, half, pageviews > 0)'
export const EXIT_PATH: string = 'argMaxIf(exit_path, half, pageviews > 0)'

/** `visit`, `half`, `entry_page`, `exit_page`: the pages of the session that each fragment belongs to. */
export function sessionPages(from: string): string {
  const columns = (['pageviews', 'entry_path', 'exit_path'] as const).map(
    (name) => `${FRAGMENT[name]} AS ${name}`,
  )
  return `SELECT visit, arrayJoin(halves) AS half, entry_page, exit_page FROM (
  SELECT visit, groupArray(half) AS halves, ${ENTRY_PATH} AS entry_page, ${EXIT_PATH} AS exit_page
  FROM (${chains(from, columns)})
  GROUP BY ${SESSION_KEY}
)`
}
