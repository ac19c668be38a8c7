import { chdbEvents } from '@millimetric/core/chdb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier, settingsClause } from '../../src/stores/clickhouse/client.js'
import { EVENT_COLUMNS } from '../../src/stores/clickhouse/schema/events.js'
import { MIGRATIONS } from '../../src/stores/clickhouse/schema/index.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const database = freshDatabase()
const db = identifier(database)
const store = chdbEvents({ path: CHDB_PATH, database })
let engine: Connections

beforeAll(async () => {
  await store.migrate()
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => {
  await engine.close()
  await store.close()
})

/** Values of a type as expressions of the engine, so that bytes can be given that no JSON can carry. */
const TEXTS = [
  "''",
  "repeat('x', 65536)",
  "unhex('C328')",
  "unhex('EDA0BD')",
  "unhex('FF')",
  "unhex('00')",
  "concat('a', unhex('00'), 'b')",
  `'\\'"\\\\'`,
  "'$pageview'",
  "'$identify'",
  "repeat(unhex('F09F9880'), 100)",
  "'-1'",
  "'NaN'",
]

const TIMES = [
  '0',
  '1',
  '-1',
  '1_800_000',
  '4291747199999',
  '4294967295999',
  '4133980799999',
  '1747396800000',
].map((ms) => `fromUnixTimestamp64Milli(toInt64(${ms.replaceAll('_', '')}), 'UTC')`)

function hostile(type: string): readonly string[] {
  if (type.includes('DateTime64')) return TIMES
  if (type.includes('String')) return TEXTS
  if (type === 'UInt32') return ['0', '4294967295']
  if (type === 'UInt64') return ['0', '18446744073709551615']
  if (type === 'Bool') return ['true', 'false']
  if (type === 'UUID')
    return [
      "toUUID('00000000-0000-0000-0000-000000000000')",
      "toUUID('ffffffff-ffff-ffff-ffff-ffffffffffff')",
    ]
  throw new Error(`no hostile values for ${type}`)
}

/** What a row has in the columns that are not under test. */
function plain(name: string, type: string): string {
  if (name === 'event_name') return "'$identify'"
  if (name === 'anonymous_id' || name === 'user_id' || name === 'session_id') return "'x'"
  if (type.includes('DateTime64')) return TIMES[7] ?? ''
  if (type === 'UUID') return "toUUID('11111111-1111-4111-8111-111111111111')"
  return type.includes('String') ? "''" : '0'
}

let inserted = 0

async function insertRows(rows: readonly (readonly string[])[]): Promise<void> {
  const settings = settingsClause({
    async_insert: 0,
    insert_deduplication_token: `hostile-${inserted}`,
    max_partitions_per_insert_block: 0,
  })
  inserted += rows.length
  await engine.writer.command({
    query: `INSERT INTO ${db}.events (${Object.keys(EVENT_COLUMNS).join(', ')}) ${settings} VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')}`,
  })
}

async function one(query: string): Promise<number> {
  const answer = await engine.writer.query({ query: `SELECT toUInt32(${query}) AS n`, format: 'JSONEachRow' })
  const [row] = await answer.json<{ n: number }>()
  return row?.n ?? -1
}

test('every hostile value in every column alone passes every view', async () => {
  const columns = Object.entries(EVENT_COLUMNS)
  for (const [at, [, type]] of columns.entries()) {
    await insertRows(
      hostile(type).map((value) =>
        columns.map(([name, other], index) => {
          if (index === at) return value
          return name === 'event_id' ? `'${at}-${value.replaceAll(/\W/g, '')}'` : plain(name, other)
        }),
      ),
    )
  }
  expect(await one(`(SELECT count() FROM ${db}.events)`)).toBe(inserted)
})

test('and all columns hostile at once', async () => {
  const columns = Object.entries(EVENT_COLUMNS)
  await insertRows(
    Array.from({ length: 104 }, (_, n) =>
      columns.map(([, type]) => {
        const values = hostile(type)
        return values[n % values.length] ?? ''
      }),
    ),
  )
  expect(await one(`(SELECT count() FROM ${db}.events)`)).toBe(inserted)
})

test('what the views made of it agrees with the table, count by count', async () => {
  const events = `${db}.events`
  const expected: Record<string, [view: string, table: string]> = {
    event_ids: ['count()', `(SELECT count() FROM ${events})`],
    identity_links: [
      'count()',
      `(SELECT countIf(event_name = '$identify' AND anonymous_id != '' AND user_id != '') FROM ${events})`,
    ],
    marks: ['sum(rows)', `(SELECT count() FROM ${events})`],
  }
  const targets = MIGRATIONS.flatMap((migration) => migration.statements(db)).flatMap((statement) => {
    const target = /^CREATE MATERIALIZED VIEW .* TO `\w+`\.(\w+) AS/.exec(statement)?.[1]
    return target === undefined ? [] : [target]
  })
  expect(targets.toSorted()).toEqual(Object.keys(expected).toSorted())
  for (const [target, [made, wanted]] of Object.entries(expected)) {
    expect([target, await one(`(SELECT ${made} FROM ${db}.${target})`)]).toEqual([target, await one(wanted)])
  }
  // The views for people who write SQL, too.
  expect(await one(`(SELECT sum(events) FROM ${db}.sessions)`)).toBe(
    await one(
      `(SELECT sum(n) FROM (SELECT uniqExact(event_id) AS n FROM ${events} WHERE session_id != '' GROUP BY project_id, intDiv(toUnixTimestamp64Milli(timestamp), 1800000), anonymous_id, session_id, is_bot))`,
    ),
  )
  const answer = await engine.writer.query({
    query: `SELECT *, started_at <= ended_at AS ordered FROM ${db}.sessions_v ORDER BY started_at`,
    format: 'JSONEachRow',
  })
  const visits = await answer.json<{ pageviews: number | string; ordered: number }>()
  expect(visits.every(({ ordered }) => Boolean(ordered))).toBe(true)
  expect(visits.reduce((sum, { pageviews }) => sum + Number(pageviews), 0)).toBe(
    await one(`(SELECT countIf(event_name = '$pageview') FROM ${events} WHERE session_id != '')`),
  )
})
