import type { Reading } from './reading.js'

const HALF_HOUR_MS = 1_800_000
const LOOK_MS = 86_400_000
/** Half hours after which a session is split. */
const LONGEST = 48

/** Half hour of a row `e` of events, as 32 bits; inside one no gap can exceed thirty minutes. */
export const EVENT_HALF: string = 'intDiv(toUnixTimestamp(e.timestamp), 1800)'
/** SDKs send the derived id along: then it is derived and not the caller's. Nothing is derived from no visitor. */
const DERIVED = `(e.anonymous_id != '' AND e.session_id = concat(e.anonymous_id, '-', toString(${EVENT_HALF})))`
/**
 * The visit of a row `e`: a visitor (derived ids) or a caller-set id, apart for crawlers. One 64-bit number: sorting and
 * grouping by text costs twice as much, and hashing three columns a third more than one. It lives for one question, so it
 * is the fastest hash: any other takes a fifth more of the whole question.
 */
export const EVENT_VISIT: string = `bitXor(cityHash64(if(${DERIVED}, e.anonymous_id, e.session_id)), ${DERIVED} * 11400714819323198485 + e.is_bot * 14029467366897019727)`

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
export const IN_SESSION: string = "e.session_id != ''"

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
const PAGEVIEW = "e.event_name = '$pageview'"

/** What a fragment takes of its events, by name. */
export const FRAGMENT: {
  readonly [N in 'pageviews' | 'others' | 'entry_path' | 'exit_path']: string
} = {
  pageviews: `countIf(${PAGEVIEW})`,
  others: "countIf(e.event_name NOT IN ('$pageview', '$identify'))",
  entry_path: `argMinIf(e.path, ${EVENT_PLACE}, ${PAGEVIEW})`,
  exit_path: `argMaxIf(e.path, ${EVENT_PLACE}, ${PAGEVIEW})`,
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
  // A chain is named by the half hour it opens in; of caller-set ids nothing but the first fragment opens one.
  return `SELECT *, max(if(opens, half, 0)) OVER (PARTITION BY ${visit} ORDER BY half ROWS UNBOUNDED PRECEDING) AS chain FROM (
  SELECT *, lagInFrame(ended_ms + 1) OVER (PARTITION BY ${visit} ORDER BY half ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
    before = 0 OR derived AND started_ms - (before - 1) > ${HALF_HOUR_MS} AS opens
  FROM (
    SELECT ${[
      ...apart.map((name) => `e.${name} AS ${name}`),
      `${EVENT_VISIT} AS visit`,
      `${EVENT_HALF} AS half`,
      `any(${DERIVED}) AS derived`,
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
