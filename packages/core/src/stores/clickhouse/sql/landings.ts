import { type EventRange, VERDICT_COLUMNS } from '../../../ports/verdict-store.js'
import { identifier } from '../client.js'
import { RUN_HOURS } from '../schema/reclassifications.js'
import { eventRows, type Reading, type Statement } from './statement.js'

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
  const { query, params } = eventRows(reading, { ...range, filters: [], include_bots: true })
  const behind = page.after === '' ? '' : 'WHERE key > {after:UInt128}'
  const columns = ['url', 'referrer', ...VERDICT_COLUMNS]
  // The keys of the page are found first, in 16 bytes each: grouping all texts of a busy day would need them all at
  // once in memory.
  return {
    query: `SELECT toString(key) AS landing, ${columns.map((name) => `any(${name}) AS landing_${name}`).join(', ')}, count() AS events
FROM (SELECT ${LANDING_KEY} AS key, ${columns.join(', ')} ${query})
WHERE key IN (SELECT DISTINCT key FROM (SELECT ${LANDING_KEY} AS key ${query}) ${behind} ORDER BY key LIMIT {limit:UInt32})
GROUP BY key
ORDER BY key`,
    params: { ...params, limit: page.limit, ...(page.after === '' ? {} : { after: page.after }) },
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
