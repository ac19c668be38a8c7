import { settingsClause } from './client.js'
import { completeInserts } from './crashed-inserts.js'
import { waitForMutations } from './mutations.js'
import { removeWritten } from './purge.js'
import { recheckDays } from './rollup-days.js'
import { settledUntil, sweptUntil } from './settled.js'
import { TWIN_ORDER } from './sql/reading.js'
import { ask, type Clients, EVERY_PROJECT, writing } from './upkeep-clients.js'

/** Hours after which nobody works on a sweep any more: its waits are shorter. */
const SWEEP_HOURS = 4

interface Start {
  /** Name of this sweep, which tells its time. */
  sweep: string
  project_ids: string[]
  died: string[]
  died_project_ids: string[]
}

/**
 * Completes what was stored in part since the last sweep, finds ids with more than one row among it, removes the later
 * rows from every table, and moves the watermark. The rows that go are written down first, so that every statement means
 * the same ones, and so that what a sweep left that died is finished by a later one. Each step can run twice and beside
 * another process; the watermark moves last, so that a sweep that dies is done again and reads go on leaving the twins
 * out meanwhile.
 */
export async function removeTwins(clients: Clients): Promise<number> {
  const { db, writer } = clients
  // Before anything is looked at: what ends between the look and this would be passed by.
  const settled = await settledUntil(clients)
  const swept = await sweptUntil(clients)
  await completeInserts(clients, swept, settled)
  const died = `FROM ${db}.erased_rows WHERE erasure_id NOT IN (SELECT erasure_id FROM ${db}.erasures)
    AND UUIDv7ToDateTime(erasure_id) < now() - INTERVAL ${SWEEP_HOURS} HOUR`
  const [start] = await ask<Start>(
    clients,
    `SELECT toString(generateUUIDv7()) AS sweep, groupUniqArray(toString(project_id)) AS project_ids,
  (SELECT groupUniqArray(toString(erasure_id)) ${died}) AS died,
  (SELECT groupUniqArray(toString(project_id)) ${died}) AS died_project_ids
FROM (SELECT project_id FROM ${twinIds(db)})`,
    {},
  )
  if (start === undefined) return 0
  const { sweep, died: sweeps } = start
  const project_ids = [...new Set([...start.project_ids, ...start.died_project_ids])]
  const removed = project_ids.length === 0 ? 0 : await removeLater(clients, sweep, sweeps, project_ids)
  await recheckDays(clients, swept, settled)
  await writer.command({
    query: `INSERT INTO ${db}.sweeps (swept_until, removed) ${settingsClause(writing())}
SELECT toDateTime64({settled:String}, 6, 'UTC'), 0`,
    query_params: { settled },
  })
  return removed
}

/** Returns how many rows went, without those of sweeps that died. */
async function removeLater(
  clients: Clients,
  sweep: string,
  sweeps: readonly string[],
  project_ids: readonly string[],
): Promise<number> {
  const { db, writer } = clients
  const erasing = { erasure_ids: [sweep, ...sweeps], project_ids }
  await writer.command({ query: writeDown(db), query_params: { erasure_id: sweep, project_ids } })
  const [written] = await ask<{ own: number; all: number }>(
    clients,
    `SELECT countIf(erasure_id = {erasure_id:UUID}) AS own, count() AS all FROM ${db}.erased_rows WHERE ${OWN}`,
    { ...erasing, erasure_id: sweep },
  )
  if (written === undefined || written.all === 0) return 0
  // Events go before their ids: while there are two rows of an event, its ids say where to look for them.
  await writer.command({ query: removeEvents(db), query_params: erasing })
  await waitForMutations(clients, ['events'])
  // Before the ids go, which tell of the twins: a question that saw both rows of an event finds one or the other.
  await writer.command({
    query: `INSERT INTO ${db}.sweeps (swept_until, removed) ${settingsClause(writing())} SELECT toDateTime64(0, 6, 'UTC'), {removed:UInt64}`,
    query_params: { removed: written.all },
  })
  await removeWritten(clients, erasing, 'copies')
  await writer.command({ query: restoreLinks(db), query_params: erasing })
  await writer.command({
    query: `ALTER TABLE ${db}.erased_rows DELETE WHERE ${OWN} ${settingsClause({ mutations_sync: 2 })}`,
    query_params: erasing,
  })
  return written.own
}

const OWN = 'project_id IN {project_ids:Array(UUID)} AND erasure_id IN {erasure_ids:Array(UUID)}'

function removeEvents(db: string): string {
  const key = 'project_id, timestamp, event_id, received_at, batch, stored_at'
  return `ALTER TABLE ${db}.events DELETE WHERE project_id IN {project_ids:Array(UUID)}
  AND (${key}) IN (SELECT ${key} FROM ${db}.erased_rows WHERE ${OWN})
${settingsClause({ mutations_sync: 0, allow_nondeterministic_mutations: 1 })}`
}

/** Ids with more than one row. */
function twinIds(db: string): string {
  return `${db}.event_ids WHERE ${EVERY_PROJECT} (project_id, id_hash) IN (
  SELECT project_id, id_hash FROM ${db}.event_ids WHERE ${EVERY_PROJECT} stored_at > (SELECT max(swept_until) FROM ${db}.sweeps)
)
GROUP BY project_id, id_hash HAVING count() > 1`
}

/** Rows that are not the first of their id, as questions see it (sql/reading). */
function writeDown(db: string): string {
  return `INSERT INTO ${db}.erased_rows (erasure_id, project_id, event_id, id_hash, timestamp, received_at, batch, stored_at, quarter,
  anonymous_id, user_id, is_link) ${settingsClause(writing())}
SELECT {erasure_id:UUID}, project_id, event_id, id_hash, timestamp, received_at, batch, stored_at,
  toStartOfFifteenMinutes(timestamp), anonymous_id, user_id, event_name = '$identify' AND anonymous_id != '' AND user_id != ''
FROM (
  SELECT project_id, event_id, sipHash64(event_id) AS id_hash, timestamp, received_at, batch, stored_at, anonymous_id, user_id, event_name,
    row_number() OVER (PARTITION BY project_id, id_hash ORDER BY ${TWIN_ORDER}) AS place
  FROM ${db}.events
  WHERE project_id IN {project_ids:Array(UUID)} AND (project_id, timestamp, sipHash64(event_id)) IN (
    SELECT project_id, arrayJoin(groupArray(timestamp)), id_hash FROM ${twinIds(db)}
  )
) WHERE place > 1`
}

/** Twins that agree in time and ids have equal links, which go together: the row that stays gets its link back. */
function restoreLinks(db: string): string {
  const key = 'project_id, anonymous_id, user_id, timestamp, received_at, event_id'
  return `INSERT INTO ${db}.identity_links (${key}) ${settingsClause(writing())}
SELECT ${key} FROM ${db}.events
WHERE project_id IN {project_ids:Array(UUID)} AND event_name = '$identify' AND anonymous_id != '' AND user_id != ''
  AND (project_id, event_id) IN (SELECT project_id, event_id FROM ${db}.erased_rows WHERE ${OWN} AND is_link)
  AND (${key}) NOT IN (SELECT ${key} FROM ${db}.identity_links WHERE project_id IN {project_ids:Array(UUID)})`
}
