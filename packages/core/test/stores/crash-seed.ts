import { readdirSync, writeSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { parseArgs } from 'node:util'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { createDeliver } from '../../src/ingest/deliver.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { identifier } from '../../src/stores/clickhouse/client.js'
import { DAY, sessionRows, sessions, stats } from '../../src/testing/event-store-case.js'

/**
 * A process that stores the same batches whenever it is started, and kills itself at the moment a table gets a new part:
 * while one insert is on its way from table to table. Prints what it finds and what it is answered, a line of JSON each.
 */
const ROWS = 400
const DATABASE = 'millimetric'
const { values } = parseArgs({
  options: {
    path: { type: 'string', default: '' },
    batches: { type: 'string', default: '0' },
    /** Dies with the new part number `parts` of this table; runs to its end without. */
    table: { type: 'string' },
    parts: { type: 'string', default: '1' },
    /** Dies while it completes what the last one left, and not in the insert of its last batch. */
    starting: { type: 'boolean', default: false },
  },
})

function say(line: unknown): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

/** Visits of four events in two months, as a backfill brings them: an insert makes two parts of most tables. */
function batchOf(batch: number): ReturnType<typeof storedEvent>[] {
  return Array.from({ length: ROWS }, (_, row) => {
    const visit = Math.floor((batch * ROWS + row) / 4)
    const identifies = row % 4 === 3
    return storedEvent({
      event_id: `${batch}-${row}`,
      anonymous_id: `v${visit}`,
      user_id: identifies ? `u${visit}` : '',
      event_name: identifies ? '$identify' : '$pageview',
      session_id: `s${visit}`,
      timestamp: TEST_NOON - (visit % 2) * 40 * DAY + visit * 60_000 + (row % 4) * 1000,
      received_at: Date.now(),
      seq: row,
      body_hash: row + 1,
    })
  })
}

let ended = false
const engine = await acquireEngine(values.path)
const store = chdbEvents({ path: values.path, database: DATABASE })
// Makes the tables, and nothing else: nothing is completed yet.
await store.migrate()

async function ask<Row>(query: string): Promise<Row[]> {
  return await (await engine.writer.query({ query, format: 'JSONEachRow' })).json<Row>()
}

/** Events as each table has them, whatever it keeps of them. */
async function tables(): Promise<Record<string, number>> {
  const db = identifier(DATABASE)
  const [row] = await ask<Record<string, string>>(`SELECT
  (SELECT count() FROM ${db}.events) AS events,
  (SELECT uniqExact(event_id) FROM ${db}.events) AS distinct,
  (SELECT count() FROM ${db}.event_ids) AS event_ids,
  (SELECT count() FROM ${db}.event_ids WHERE id_hash NOT IN (SELECT sipHash64(event_id) FROM ${db}.events)) AS unknown_ids,
  (SELECT toUInt64(sum(events)) FROM ${db}.sessions) AS sessions,
  (SELECT uniqExact(event_id) FROM ${db}.identity_links) AS identity_links,
  (SELECT uniqExact(project_id, quarter) FROM ${db}.marks) AS marks,
  (SELECT uniqExact(project_id, toStartOfFifteenMinutes(timestamp)) FROM ${db}.events) AS quarters`)
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, n]) => [name, Number(n)]))
}

/** Kills this process as soon as the table has so many more parts: between the commits of one insert. */
async function dieWith(table: string, parts: number): Promise<void> {
  const [found] = await ask<{ data_paths: string[] }>(
    `SELECT data_paths FROM system.tables WHERE database = '${DATABASE}' AND name = '${table}'`,
  )
  const [own = ''] = found?.data_paths ?? []
  const folder = isAbsolute(own) ? own : join(values.path, own)
  // Parts of one block: of an insert, not of a merge.
  const written = (): string[] =>
    readdirSync(folder).filter((name) => /^(\d{6}|all)_(\d+)_\2_\d+$/.test(name))
  const before = new Set(written())
  const look = (): void => {
    if (written().filter((name) => !before.has(name)).length >= parts) process.kill(process.pid, 'SIGKILL')
    if (!ended) setImmediate(look)
  }
  look()
}

say({ found: await tables() })
const { table } = values
if (table !== undefined && values.starting) await dieWith(table, Number(values.parts))
await store.known([{ project_id: TEST_PROJECT, event_id: 'any' }])
say({ completed: await tables(), counted: await answers() })

const deliver = createDeliver({
  store,
  options: {
    maxBatchRows: 10_000,
    flushRows: 1,
    flushIntervalMs: 1,
    maxWaiting: 100_000,
    retryDelaysMs: [],
  },
  clock: Date.now,
  onDiagnostic: say,
})
const batches = Number(values.batches)
for (let batch = 0; batch < batches; batch++) {
  if (table !== undefined && batch === batches - 1) await dieWith(table, Number(values.parts))
  const statuses = await deliver.append(batchOf(batch).map((event) => ({ event, fresh: false })))
  say({ batch, stored: statuses.filter((status) => status === 'stored').length })
}
say({ stored: await tables(), counted: await answers() })
ended = true
await deliver.close()
await store.close()
await engine.close()

/** What readers are told. */
async function answers(): Promise<Record<string, number | null | undefined>> {
  const range = { from: TEST_NOON - 60 * DAY, to: TEST_NOON + 60 * DAY }
  const one = async (metric: 'count' | 'uniques' | 'people'): Promise<number | null | undefined> =>
    (await store.query<'stats'>(stats({ ...range, metric }))).rows[0]?.values[0]
  const [visits] = await sessionRows(store, sessions(range))
  return {
    count: await one('count'),
    uniques: await one('uniques'),
    people: await one('people'),
    sessions: visits?.sessions,
    pageviews: visits?.pageviews,
  }
}
