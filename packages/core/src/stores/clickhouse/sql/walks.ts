import { EVENT_VISIT, HALF_HOUR_MS, LONGEST } from './fragments.js'

/** More than there are parts of {@link LONGEST} half hours in any chain. */
const APART = 1_000_000

/**
 * One row a session, `walk`: its events in order, each as `event` says of a row `e`. That begins with the time, so that they
 * sort by it; `timeOf` finds its milliseconds. For questions that want the events of sessions: those that want sums
 * of them are answered from `chains` in less time. The sessions are the same: a fragment there is a half hour, in which no pause is
 * too long. `opened` is the half hour in which the chain of an event began; the next session begins where that or the part of
 * the chain is another.
 */
export function sessionWalks(from: string, event: string, timeOf: (event: string) => string): string {
  // Of caller-set ids, which are even, no pause ends a session.
  const pauses = 'if(visit % 2 = 1, arrayDifference(times), arrayResize(emptyArrayInt64(), length(times)))'
  return `SELECT arrayJoin(arraySplit((item, turn) -> turn != 0, items, arrayDifference(parts))) AS walk FROM (
  SELECT ${EVENT_VISIT} AS visit, arraySort(groupArray(${event})) AS items,
    arrayMap(item -> toInt64(${timeOf('item')}), items) AS times,
    arrayMap(time -> intDiv(time, ${HALF_HOUR_MS}), times) AS halves,
    arrayFill((half, pause) -> pause > ${HALF_HOUR_MS}, halves, ${pauses}) AS opened,
    arrayMap((half, opening) -> opening * ${APART} + intDiv(half - opening, ${LONGEST}), halves, opened) AS parts
  ${from}
  GROUP BY visit
)`
}
