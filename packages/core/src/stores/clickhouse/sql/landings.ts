import { type EventRange, VERDICT_COLUMNS } from '../../../ports/verdict-store.js'
import { identifier } from '../client.js'
import { RUN_HOURS } from '../schema/reclassifications.js'
import { createBinder, type Statement } from './binder.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

/** Names url, referrer and verdict of a row of `events` in 128 bits, so that equal keys mean equal rows. */
export const LANDING_KEY: string = `reinterpretAsUInt128(sipHash128(${['url', 'referrer', ...VERDICT_COLUMNS]
  .map((name) => `toString(${name})`)
  .join(', ')}))`

/** Columns of {@link LandingRow}, one row a key, ascending. */
export function landingsStatement(
  reading: Reading,
  range: EventRange,
  page: { after: string; limit: number },
): Statement {
  const binder = createBinder(range.project_id)
  const rows = eventRows(reading, { ...range, filters: [], include_bots: true }, binder).from()
  const behind = page.after === '' ? '' : `WHERE key > ${binder.bind('UInt128', page.after)}`
  const columns = ['url', 'referrer', ...VERDICT_COLUMNS]
  // The keys of the page are found first, in 16 bytes each: grouping all texts of a busy day would need them all at
  // once in memory.
  return {
    query: `SELECT toString(key) AS landing, ${columns.map((name) => `any(${name}) AS landing_${name}`).join(', ')}, count() AS events
FROM (SELECT ${LANDING_KEY} AS key, ${columns.join(', ')} ${rows})
WHERE key IN (SELECT DISTINCT key FROM (SELECT ${LANDING_KEY} AS key ${rows}) ${behind} ORDER BY key LIMIT ${binder.bind('UInt32', page.limit)})
GROUP BY key
ORDER BY key`,
    params: binder.params,
  }
}

/** Column `runs`: runs that are rewriting events of the project. */
export function runsStatement(database: string, projectId: string): Statement {
  return {
    query: `SELECT uniqExact(r.run) AS runs FROM ${identifier(database)}.reclassifications AS r
WHERE r.project_id = {project_id:UUID} AND r.written_at > now() - INTERVAL ${RUN_HOURS} HOUR`,
    params: { project_id: projectId },
  }
}
