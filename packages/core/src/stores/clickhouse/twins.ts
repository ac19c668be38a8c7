import { randomUuid } from '#crypto'
import { type ClickhouseClient, identifier, settingsClause } from './client.js'
import type { Read } from './reader.js'
import { fragmentsOf, HALF_HOUR } from './schema/sessions.js'

// An insert becomes visible some time after its rows got their insert time; what is younger is looked at again.
const SETTLED_S = 30

interface Twin {
  project_id: string
  /** Decimal text: 64 bits. */
  id_hash: string
  received_at: string
  timestamp: string
  batch: number
}

/**
 * Finds ids with more than one row among those inserted since the last sweep, removes the later rows from every table,
 * and moves the watermark. Each step can run twice and beside another process; the watermark moves last, so that a sweep
 * that dies is done again and reads go on leaving the twins out meanwhile.
 */
export async function removeTwins(writer: ClickhouseClient, read: Read, database: string): Promise<number> {
  const db = identifier(database)
  const [now] = await read<{ settled: string }>({
    query: `SELECT toString(now64(3, 'UTC') - INTERVAL ${SETTLED_S} SECOND) AS settled`,
    params: {},
  })
  const twins = await read<Twin>({ query: laterRows(db), params: {} })
  if (twins.length > 0) await removeRows(writer, db, twins)
  await writer.command({
    query: `INSERT INTO ${db}.sweeps (swept_until) ${settingsClause(oneShot())} VALUES ('${plainTime(now?.settled)}')`,
  })
  return twins.length
}

/** Every project at once: this is upkeep, not a question, and names no tenant. */
function laterRows(db: string): string {
  return `SELECT toString(project_id) AS project_id, toString(id_hash) AS id_hash, toString(received_at) AS received_at,
  toString(timestamp) AS timestamp, batch
FROM (
  SELECT project_id, id_hash, received_at, timestamp, batch,
    row_number() OVER (PARTITION BY project_id, id_hash ORDER BY received_at, timestamp, batch) AS place
  FROM ${db}.event_ids
  WHERE (project_id, id_hash) IN (
    SELECT project_id, id_hash FROM ${db}.event_ids WHERE inserted_at > (SELECT max(swept_until) FROM ${db}.sweeps)
  )
) WHERE place > 1
LIMIT 10000`
}

async function removeRows(writer: ClickhouseClient, db: string, twins: readonly Twin[]): Promise<void> {
  const keys = twins.map(
    ({ project_id, id_hash, received_at, timestamp, batch }) =>
      `('${uuid(project_id)}', ${digits(id_hash)}, '${plainTime(received_at)}', '${plainTime(timestamp)}', ${batch})`,
  )
  const projects = [...new Set(twins.map(({ project_id }) => `'${uuid(project_id)}'`))].join(', ')
  const later = `project_id IN (${projects}) AND (project_id, sipHash64(event_id), received_at, timestamp, batch) IN (${keys.join(', ')})`
  const touched = `SELECT DISTINCT project_id, ${HALF_HOUR} AS bucket, anonymous_id, session_id, is_bot FROM ${db}.events
    WHERE ${later}`
  // The fragments that hold a later row are taken away and made anew from the rows that stay; until the watermark
  // moves nobody reads fragments of these projects.
  const fragmentKey = '(project_id, bucket, anonymous_id, session_id, is_bot)'
  const fragments = await keysOf(writer, touched)
  const mutate = async (query: string): Promise<unknown> =>
    await writer.command({ query: `${query} ${settingsClause({ mutations_sync: 2 })}` })
  if (fragments.length > 0) {
    await mutate(
      `ALTER TABLE ${db}.sessions DELETE WHERE project_id IN (${projects}) AND ${fragmentKey} IN (${fragments})`,
    )
  }
  // Links of a twin that identified; the row that stays has its own.
  await mutate(
    `ALTER TABLE ${db}.identity_links DELETE WHERE project_id IN (${projects}) AND (project_id, event_id, timestamp) IN (SELECT project_id, event_id, timestamp FROM ${db}.events WHERE ${later})
     AND (project_id, event_id, timestamp) NOT IN (SELECT project_id, event_id, timestamp FROM ${db}.events WHERE project_id IN (${projects}) AND sipHash64(event_id) IN (${twins.map(({ id_hash }) => digits(id_hash)).join(', ')}) AND NOT (${later}))`,
  )
  await writer.command({
    query: `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settingsClause(oneShot())}
SELECT project_id, toStartOfFifteenMinutes(timestamp) AS quarter, count(), now64(3, 'UTC') FROM ${db}.events WHERE ${later} GROUP BY project_id, quarter`,
  })
  await mutate(`ALTER TABLE ${db}.events DELETE WHERE ${later}`)
  if (fragments.length > 0) {
    await writer.command({
      query: `INSERT INTO ${db}.sessions ${settingsClause(oneShot())}
${fragmentsOf(`${db}.events WHERE project_id IN (${projects}) AND session_id != '' AND (project_id, ${HALF_HOUR}, anonymous_id, session_id, is_bot) IN (${fragments})`)}`,
    })
  }
  await mutate(
    `ALTER TABLE ${db}.event_ids DELETE WHERE project_id IN (${projects}) AND (project_id, id_hash, received_at, timestamp, batch) IN (${keys.join(', ')})`,
  )
}

/** The fragment keys of a query as a list of literals, so that two statements mean the same fragments. */
async function keysOf(client: ClickhouseClient, query: string): Promise<string> {
  const answer = await client.query({
    query: `SELECT arrayStringConcat(groupArray(concat('(''', toString(project_id), ''', toDateTime(', toString(toUnixTimestamp(bucket)), ', ''UTC''), unhex(''', hex(anonymous_id), '''), unhex(''', hex(session_id), '''), ', if(is_bot, 'true', 'false'), ')')), ', ') AS keys FROM (${query})`,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<{ keys: string }>()
  return row?.keys ?? ''
}

/** Each statement that writes carries a token of its own, or two equal ones would be taken for one. */
function oneShot(): Record<string, string | number> {
  return { insert_deduplication_token: randomUuid(), async_insert: 0 }
}

function uuid(text: string): string {
  if (/^[0-9a-f-]{36}$/.test(text)) return text
  throw new TypeError('not a UUID')
}

function digits(text: string): string {
  if (/^\d{1,20}$/.test(text)) return text
  throw new TypeError('not a number')
}

function plainTime(text: string | undefined): string {
  if (text !== undefined && /^[\d :.-]{19,29}$/.test(text)) return text
  throw new TypeError('not a time')
}
