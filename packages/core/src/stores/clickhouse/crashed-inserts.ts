import { randomUuid } from '#crypto'
import { type EventKey, eventKeyName, type FrozenBatch, type StoredEvent } from '../../ports/event-store.js'
import { settingsClause } from './client.js'
import { batchNumber, insertStatement } from './insert.js'
import { isStorable } from './quarantine.js'
import { recheckDays } from './rollup-days.js'
import { settledUntil, sweptUntil } from './settled.js'
import { ask, type Clients, EVERY_PROJECT, writing } from './upkeep-clients.js'

/** What of an INSERT lies in `events`: its batch, and when it began by the server's clock. */
export interface StoredInsert {
  readonly batch: number
  readonly stored_at: string
}

// Ids and times of one lookup travel as URL parameters, which servers bound at 1 MiB.
const ROWS_PER_LOOKUP = 500
// An INSERT of SELECT is written in blocks of a million rows, and one that dies must leave whole inserts or nothing.
const INSERTS_PER_STATEMENT = 50

// A power cut may lose what was written before something that stays: the disk is written to within the minute.
const MARGIN_S = 3600

/** Completes what an embedded engine left that died with its process, while nothing is on its way into it. */
export async function completeLeft(clients: Clients): Promise<void> {
  const since = await sweptUntil(clients, MARGIN_S)
  const until = await settledUntil(clients, 'none')
  await completeInserts(clients, since, until)
  await recheckDays(clients, since, until)
}

/**
 * Completes what was stored within a span of the server's clock, the first moment excluded: rows of `events` without a row
 * in a table that is computed from them, because a view failed or a server died, and nobody sent the batch again. Without
 * it a repeat of such an event would not be recognised. Nothing of the span may be on its way any more. Can run twice, and
 * beside another process: an id that is there twice, and a link, say the same.
 */
export async function completeInserts(clients: Clients, since: string, until: string): Promise<void> {
  const { db, writer } = clients
  const span = { since, until }
  const [left] = await ask<{ inserts: StoredInsert[]; links: number }>(
    clients,
    `SELECT (SELECT groupArray(CAST((e.batch, toString(e.stored_at)), 'Tuple(batch UInt32, stored_at String)')) FROM (
    SELECT batch, stored_at, count() AS n FROM ${db}.events WHERE ${WITHIN} GROUP BY batch, stored_at
  ) AS e LEFT JOIN (
    SELECT batch, stored_at, count() AS n FROM ${db}.event_ids WHERE ${WITHIN} GROUP BY batch, stored_at
  ) AS i ON i.batch = e.batch AND i.stored_at = e.stored_at WHERE e.n > i.n) AS inserts,
  (SELECT count() ${linksOf(db, WITHIN)}) AS links`,
    span,
  )
  if (left === undefined) return
  await completeComputed(clients, left.inserts)
  if (left.links > 0) await writer.command({ query: restoreLinks(db, WITHIN), query_params: span })
}

/**
 * Completes a batch whose token may be forgotten: sent again it would be stored again. What is missing of it in `events` is
 * stored under another token, and then what is missing in the tables that are computed from it. Nothing comes of `without`.
 */
export async function completeBatch(
  clients: Clients,
  database: string,
  batch: FrozenBatch,
  without: ReadonlySet<StoredEvent>,
): Promise<void> {
  const inserts = new Map<string, StoredInsert>()
  const stored = new Set<string>()
  const storable = batch.events.filter((event) => isStorable(event))
  for (let at = 0; at < storable.length; at += ROWS_PER_LOOKUP) {
    const rows = storable.slice(at, at + ROWS_PER_LOOKUP)
    const found = await ask<EventKey & StoredInsert>(
      clients,
      `SELECT toString(e.project_id) AS project_id, e.event_id AS event_id, e.batch AS batch, toString(e.stored_at) AS stored_at
FROM ${clients.db}.events AS e WHERE e.project_id IN {project_ids:Array(UUID)} AND e.batch = {batch:UInt32}
  AND e.timestamp IN (SELECT fromUnixTimestamp64Milli(arrayJoin({times:Array(Int64)}), 'UTC'))`,
      {
        project_ids: [...new Set(rows.map(({ project_id }) => project_id))],
        batch: batchNumber(batch.token),
        times: [...new Set(rows.map(({ timestamp }) => timestamp))],
      },
    )
    for (const row of found) {
      stored.add(eventKeyName(row))
      inserts.set(row.stored_at, { batch: row.batch, stored_at: row.stored_at })
    }
  }
  const missing = batch.events.filter((event) => !stored.has(eventKeyName(event)) && !without.has(event))
  if (missing.length > 0) {
    const rest = { token: batch.token, events: missing }
    await clients.writer.command({ query: insertStatement(database, rest, randomUuid()) })
  }
  await completeComputed(clients, [...inserts.values()])
}

/** Stores what is computed of the rows of these inserts, where it is not there. */
export async function completeComputed(clients: Clients, inserts: readonly StoredInsert[]): Promise<void> {
  for (let at = 0; at < inserts.length; at += INSERTS_PER_STATEMENT) {
    const some = inserts.slice(at, at + INSERTS_PER_STATEMENT)
    const query_params = {
      batches: some.map(({ batch }) => batch),
      times: some.map(({ stored_at }) => stored_at),
    }
    for (const query of completions(clients.db)) await clients.writer.command({ query, query_params })
  }
}

const WITHIN = `${EVERY_PROJECT} stored_at > toDateTime64({since:String}, 6, 'UTC') AND stored_at <= toDateTime64({until:String}, 6, 'UTC')`

const TIMES = `arrayMap(t -> toDateTime64(t, 6, 'UTC'), {times:Array(String)})`
// Said twice: the times alone tell which parts need not be read.
const OPEN = `${EVERY_PROJECT} stored_at >= arrayMin(${TIMES}) AND stored_at <= arrayMax(${TIMES})
  AND (batch, stored_at) IN (SELECT arrayJoin(arrayZip({batches:Array(UInt32)}, ${TIMES})))`

const ID = 'project_id, id_hash, received_at, timestamp, batch, stored_at'
const EVENT = 'project_id, sipHash64(event_id), received_at, timestamp, batch, stored_at'
const LINK = 'project_id, anonymous_id, user_id, timestamp, received_at, event_id'

/** Rows of `events`, but for those that an erasure has written down: they go, and nothing of them may come back. */
function rowsOf(db: string, condition: string): string {
  return `FROM ${db}.events WHERE ${condition} AND (${EVENT}) NOT IN (SELECT ${ID} FROM ${db}.erased_rows)`
}

function linksOf(db: string, condition: string): string {
  const rows = rowsOf(
    db,
    `${condition} AND event_name = '$identify' AND anonymous_id != '' AND user_id != ''`,
  )
  return `${rows} AND (${LINK}) NOT IN (SELECT ${LINK} FROM ${db}.identity_links WHERE (project_id, anonymous_id) IN (SELECT project_id, anonymous_id ${rows}))`
}

function restoreLinks(db: string, condition: string): string {
  return `INSERT INTO ${db}.identity_links (${LINK}) ${settings()}
SELECT ${LINK} ${linksOf(db, condition)}`
}

function completions(db: string): readonly string[] {
  const rows = rowsOf(db, OPEN)
  return [
    `INSERT INTO ${db}.event_ids (project_id, id_hash, body_hash, timestamp, received_at, batch, stored_at) ${settings()}
SELECT project_id, sipHash64(event_id), body_hash, timestamp, received_at, batch, stored_at ${rows}
  AND (${EVENT}) NOT IN (SELECT ${ID} FROM ${db}.event_ids WHERE ${OPEN})`,
    restoreLinks(db, OPEN),
    // Marks that grow only make a day count raw.
    `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settings()}
SELECT project_id, toStartOfFifteenMinutes(timestamp) AS quarter, 1, now64(3, 'UTC') ${rows}
GROUP BY project_id, quarter`,
  ]
}

function settings(): string {
  return settingsClause({ ...writing(), max_partitions_per_insert_block: 0 })
}
