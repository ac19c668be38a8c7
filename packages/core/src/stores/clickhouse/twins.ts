import { settingsClause } from './client.js'
import { waitForMutations } from './mutations.js'
import { removeWritten } from './purge.js'
import { ask, type Clients, writing } from './upkeep-clients.js'

// An insert becomes visible some time after its rows got their insert time; what is younger is looked at again.
const SETTLED_S = 30
/** Hours after which nobody works on a sweep any more: its waits are shorter. */
const SWEEP_HOURS = 4

interface Start {
  now: string
  settled: string
  /** Name of this sweep, which tells its time. */
  sweep: string
  twins: number
  project_ids: string[]
  died: string[]
  died_project_ids: string[]
}

/**
 * Finds ids with more than one row among those inserted since the last sweep, removes the later rows from every table,
 * and moves the watermark. The rows that go are written down first, so that every statement means the same ones, and so
 * that what a sweep left that died is finished by a later one. Each step can run twice and beside another process; the
 * watermark moves last, so that a sweep that dies is done again and reads go on leaving the twins out meanwhile.
 */
export async function removeTwins(clients: Clients): Promise<number> {
  const { db, writer } = clients
  const died = `FROM ${db}.erased_rows WHERE erasure_id NOT IN (SELECT erasure_id FROM ${db}.erasures)
    AND UUIDv7ToDateTime(erasure_id) < now() - INTERVAL ${SWEEP_HOURS} HOUR`
  const [start] = await ask<Start>(
    clients,
    `SELECT toString(now64(3, 'UTC')) AS now, toString(now64(3, 'UTC') - INTERVAL ${SETTLED_S} SECOND) AS settled,
  toString(generateUUIDv7()) AS sweep, count() AS twins, groupUniqArray(toString(project_id)) AS project_ids,
  (SELECT groupUniqArray(toString(erasure_id)) ${died}) AS died,
  (SELECT groupUniqArray(toString(project_id)) ${died}) AS died_project_ids
FROM (${laterRows(db, "now64(3, 'UTC')")})`,
    {},
  )
  if (start === undefined) return 0
  const { now, settled, sweep, twins, died: sweeps } = start
  if (twins + sweeps.length > 0) {
    const project_ids = [...new Set([...start.project_ids, ...start.died_project_ids])]
    const erasing = { erasure_ids: [sweep, ...sweeps], project_ids }
    const query_params = { ...erasing, erasure_id: sweep, now }
    await writer.command({ query: writeDown(db), query_params })
    // Events go before their ids: while there are two rows of an event, its ids say which one counts.
    await writer.command({ query: removeEvents(db), query_params })
    await waitForMutations(clients, ['events'])
    await removeWritten(clients, erasing)
    await writer.command({ query: restoreLinks(db), query_params })
    await writer.command({
      query: `ALTER TABLE ${db}.erased_rows DELETE WHERE ${OWN} ${settingsClause({ mutations_sync: 2 })}`,
      query_params,
    })
  }
  await writer.command({
    query: `INSERT INTO ${db}.sweeps (swept_until) ${settingsClause(writing())} SELECT toDateTime64({settled:String}, 3, 'UTC')`,
    query_params: { settled },
  })
  return twins
}

const OWN = 'project_id IN {project_ids:Array(UUID)} AND erasure_id IN {erasure_ids:Array(UUID)}'

function removeEvents(db: string): string {
  const key = 'project_id, timestamp, event_id, received_at, batch'
  return `ALTER TABLE ${db}.events DELETE WHERE project_id IN {project_ids:Array(UUID)}
  AND (${key}) IN (SELECT ${key} FROM ${db}.erased_rows WHERE ${OWN})
${settingsClause({ mutations_sync: 0, allow_nondeterministic_mutations: 1 })}`
}

/**
 * Rows that are not the first of their id, among those inserted until `now`: a row that comes during the sweep is left
 * to the next one. Every project at once: this is upkeep, not a question, and nothing of it is shown to anybody.
 */
function laterRows(db: string, now: string): string {
  return `SELECT project_id, id_hash, received_at, timestamp, batch FROM (
  SELECT project_id, id_hash, received_at, timestamp, batch,
    row_number() OVER (PARTITION BY project_id, id_hash ORDER BY received_at, timestamp, batch) AS place
  FROM ${db}.event_ids
  WHERE inserted_at <= ${now} AND (project_id, id_hash) IN (
    SELECT project_id, id_hash FROM ${db}.event_ids
    WHERE (project_id, id_hash) IN (
      SELECT project_id, id_hash FROM ${db}.event_ids
      WHERE inserted_at > (SELECT max(swept_until) FROM ${db}.sweeps) AND inserted_at <= ${now}
    )
    GROUP BY project_id, id_hash HAVING count() > 1
  )
) WHERE place > 1`
}

function writeDown(db: string): string {
  return `INSERT INTO ${db}.erased_rows (erasure_id, project_id, event_id, id_hash, timestamp, received_at, batch, quarter,
  anonymous_id, user_id, is_link) ${settingsClause(writing())}
SELECT {erasure_id:UUID}, e.project_id, e.event_id, sipHash64(e.event_id), e.timestamp, e.received_at, e.batch,
  toStartOfFifteenMinutes(e.timestamp), e.anonymous_id, e.user_id,
  e.event_name = '$identify' AND e.anonymous_id != '' AND e.user_id != ''
FROM ${db}.events AS e
WHERE e.project_id IN {project_ids:Array(UUID)}
  AND (e.project_id, sipHash64(e.event_id), e.received_at, e.timestamp, e.batch) IN (${laterRows(db, "toDateTime64({now:String}, 3, 'UTC')")})`
}

/** Twins that agree in time and ids have equal links, which go together: the row that stays gets its link back. */
function restoreLinks(db: string): string {
  const key = 'project_id, anonymous_id, user_id, timestamp, event_id'
  return `INSERT INTO ${db}.identity_links (${key}) ${settingsClause(writing())}
SELECT ${key} FROM ${db}.events
WHERE project_id IN {project_ids:Array(UUID)} AND event_name = '$identify' AND anonymous_id != '' AND user_id != ''
  AND (project_id, event_id) IN (SELECT project_id, event_id FROM ${db}.erased_rows WHERE ${OWN} AND is_link)
  AND (${key}) NOT IN (SELECT ${key} FROM ${db}.identity_links WHERE project_id IN {project_ids:Array(UUID)})`
}
