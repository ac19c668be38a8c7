import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { expect, test } from 'vitest'
import { askedOnCluster, clusterConnections, onCluster } from '../../src/stores/clickhouse/cluster.js'
import { MIGRATIONS } from '../../src/stores/clickhouse/schema/index.js'
import { ask, writing } from '../../src/stores/clickhouse/upkeep-clients.js'

const MAIN = { name: 'main' }
const statements = MIGRATIONS.flatMap((migration) => migration.statements('`shop`'))

test('the SQL of a cluster is the one in golden.sql; a change of the schema shows here (npx vitest run -u)', async () => {
  const plan = clickhouseEvents({ url: 'http://x', database: 'shop', cluster: MAIN }).plan()
  await expect(plan).toMatchFileSnapshot('golden.sql')
})

test('without the option nothing changes', () => {
  const plain = clickhouseEvents({ url: 'http://x', database: 'shop' }).plan()
  expect(plain).not.toMatch(/Replicated|Distributed|ON CLUSTER|_local/)
})

test('every statement of the schema has a form: all of it ON CLUSTER, engines replicated, tables in pairs', () => {
  for (const statement of statements) {
    const forms = onCluster(statement, MAIN)
    for (const form of forms) expect(form.split('\n')[0]).toContain(' ON CLUSTER `main`')
    if (!statement.startsWith('CREATE TABLE')) continue
    const [local = '', distributed = ''] = forms
    expect(forms.length).toBe(2)
    expect(local).toMatch(
      /ENGINE = Replicated\w*MergeTree\('\/clickhouse\/tables\/\{shard\}\/\{database\}\/\{table\}', '\{replica\}'/,
    )
    expect(local).not.toContain('non_replicated_')
    expect(distributed).toMatch(/ENGINE = Distributed\('main', 'shop', '\w+_local', cityHash64\(/)
    if (statement.includes('non_replicated_deduplication_window')) {
      expect(local).toContain('replicated_deduplication_window = 10000')
    }
  }
})

test('views feed local tables from local tables', () => {
  const views = statements.filter((statement) => statement.startsWith('CREATE MATERIALIZED VIEW'))
  expect(views.length).toBeGreaterThanOrEqual(3)
  for (const view of views) {
    const [form = ''] = onCluster(view, MAIN)
    const tables = form.match(/`shop`\.\w+/g)?.slice(1) ?? []
    expect(tables.length).toBeGreaterThan(1)
    for (const table of tables) expect(table).toMatch(/_local$/)
  }
})

test('a visitor stays on one shard: every table that knows the visitor is parted alike', () => {
  const keyOf = (table: string): string | undefined =>
    statements
      .flatMap((statement) => onCluster(statement, MAIN))
      .map((form) => new RegExp(`'${table}_local', (.*)\\)$`).exec(form)?.[1])
      .find((key) => key !== undefined)
  expect(keyOf('events')).toBe("cityHash64(project_id, if(anonymous_id = '', user_id, anonymous_id))")
  expect(keyOf('identity_links')).toBe(keyOf('events'))
  expect(keyOf('rollup_days')).toBe('cityHash64(project_id)')
})

test('an insert waits for the shards, or a 202 would not be stored', () => {
  const [sql = ''] = onCluster(
    'INSERT INTO `shop`.events (a, b) SETTINGS insert_deduplication_token=\'t\' FORMAT JSONEachRow\n{"a":"SETTINGS "}',
    MAIN,
  )
  expect(sql).toBe(
    'INSERT INTO `shop`.events (a, b) SETTINGS distributed_foreground_insert=1, parallel_distributed_insert_select=0, max_replica_delay_for_distributed_queries=15, insert_deduplication_token=\'t\' FORMAT JSONEachRow\n{"a":"SETTINGS "}',
  )
})

test('upkeep asks no replica that is behind: a day is built, and a person counted, from everything', async () => {
  expect(writing()).toMatchObject({ fallback_to_stale_replicas_for_distributed_queries: 0 })
  let asked = ''
  const client = {
    command: async () => {},
    close: async () => {},
    async query({ query }: { query: string }) {
      asked = query
      return { json: async () => [] }
    },
  }
  const { readers, writer } = clusterConnections(
    { writer: client, readers: [client], close: client.close },
    MAIN,
  )
  await ask({ db: '`shop`', writer, reader: readers[0] }, 'SELECT count() FROM `shop`.marks', {})
  expect(asked).toContain('max_replica_delay_for_distributed_queries=15')
  expect(asked).toContain('fallback_to_stale_replicas_for_distributed_queries=0')
})

test('data is deleted where it lies; columns belong to both tables', () => {
  expect(
    onCluster('ALTER TABLE `s`.events DELETE WHERE x IN (SELECT x FROM `s`.events) SETTINGS a=1', MAIN),
  ).toEqual([
    'ALTER TABLE `s`.events_local ON CLUSTER `main` DELETE WHERE x IN (SELECT x FROM `s`.events) SETTINGS a=1',
  ])
  expect(onCluster('ALTER TABLE `s`.events ADD COLUMN IF NOT EXISTS a String', MAIN)).toEqual([
    'ALTER TABLE `s`.events_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS a String',
    'ALTER TABLE `s`.events ON CLUSTER `main` ADD COLUMN IF NOT EXISTS a String',
  ])
})

test('a question looks at the mutations of all replicas, and joins are made whole', () => {
  expect(askedOnCluster('SELECT 1 FROM `s`.events\nSETTINGS a=1', MAIN)).toBe(
    "SELECT 1 FROM `s`.events\nSETTINGS distributed_product_mode='global', max_distributed_depth=20, max_replica_delay_for_distributed_queries=15, a=1",
  )
  expect(askedOnCluster('SELECT count() FROM system.mutations WHERE table = {t:String}', MAIN)).toBe(
    "SELECT count() FROM (SELECT * REPLACE (replaceRegexpOne(table, '_local$', '') AS table) FROM clusterAllReplicas('main', system.mutations)) WHERE table = {t:String}\nSETTINGS distributed_product_mode='global', max_distributed_depth=20, max_replica_delay_for_distributed_queries=15",
  )
})

test('a statement without a form, and a name that is none, are refused before anything is sent', () => {
  expect(() => onCluster('RENAME TABLE `s`.a TO `s`.b', MAIN)).toThrow(/no form for a cluster/)
  expect(() => onCluster('INSERT INTO `s`.a VALUES (1)', MAIN)).toThrow(/no form for a cluster/)
  expect(() => onCluster('CREATE DATABASE IF NOT EXISTS `s`', { name: "x'; DROP" })).toThrow(TypeError)
})
