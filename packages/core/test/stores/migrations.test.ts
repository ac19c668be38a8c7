import { chdbEvents } from '@millimetric/core/chdb'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { identifier, settingsClause } from '../../src/stores/clickhouse/client.js'
import { MIGRATIONS } from '../../src/stores/clickhouse/schema/index.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

test('migrations run once, and two at the same time do no harm', async () => {
  const database = freshDatabase()
  const first = chdbEvents({ path: CHDB_PATH, database, migrate: false })
  const second = chdbEvents({ path: CHDB_PATH, database, migrate: false })
  await Promise.all([first.migrate(), second.migrate()])
  expect(await first.migrate()).toEqual({ applied: [] })
  await first.close()
  await second.close()
})

test('the plan prints every statement, with the tables and views of the architecture', () => {
  const plan = clickhouseEvents({ url: 'http://127.0.0.1:1', database: 'shop' }).plan()
  for (const name of ['events', 'event_ids', 'marks', 'identity_links', 'daily_rollup']) {
    expect(plan).toContain(`CREATE TABLE IF NOT EXISTS \`shop\`.${name} (`)
  }
  expect(plan).toContain('CREATE VIEW IF NOT EXISTS `shop`.sessions AS')
  expect(plan).toContain('CREATE VIEW IF NOT EXISTS `shop`.sessions_v AS')
  expect(plan.match(/;$/gm)?.length).toBe(
    2 + MIGRATIONS.reduce((sum, migration) => sum + migration.statements('`x`').length + 1, 0),
  )
})

test('every table that takes rows remembers repeated batches', () => {
  const tables = MIGRATIONS.flatMap((migration) => migration.statements('`x`')).filter((sql) =>
    sql.startsWith('CREATE TABLE'),
  )
  const fed = tables.filter((sql) => !sql.includes('.sweeps'))
  expect(fed.length).toBeGreaterThan(7)
  for (const sql of fed) expect(sql).toContain('non_replicated_deduplication_window = 10000')
})

test('parts that were merged are removed one after the other, beside inserts', async () => {
  const database = freshDatabase()
  const store = chdbEvents({ path: CHDB_PATH, database })
  await store.migrate()
  const engine = await acquireEngine(CHDB_PATH)
  const answer = await engine.writer.query({
    query: `SELECT name, extract(engine_full, 'concurrent_part_removal_threshold = ([0-9]+)') AS threshold
FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree' AND name NOT IN ('migrations', 'sweeps')`,
    query_params: { database },
    format: 'JSONEachRow',
  })
  const tables = await answer.json<{ name: string; threshold: string }>()
  expect(tables.length).toBeGreaterThan(7)
  expect(tables.filter(({ threshold }) => threshold !== '1000000')).toEqual([])
  await engine.close()
  await store.close()
})

test('names and settings can not carry SQL', () => {
  expect(() => identifier('a`; DROP DATABASE x')).toThrow(TypeError)
  expect(() => clickhouseEvents({ url: 'http://x', database: 'a b' }).plan()).toThrow(TypeError)
  expect(() => settingsClause({ token: "a'b" })).toThrow(TypeError)
})

test('options that make no sense say what to pass', () => {
  expect(() => clickhouseEvents({})).toThrow(/either \{ client \} or \{ url \}/)
  expect(() => chdbEvents({ path: '' })).toThrow(/path/)
})
