import { type ClickhouseClient, identifier } from './client.js'
import { type ClusterOptions, onCluster } from './cluster.js'
import { requireRepeatSafe } from './repeat-safety.js'
import { REPEAT_SAFE } from './schema/events.js'
import { MIGRATIONS, type Migration } from './schema/index.js'

function bookkeeping(database: string): readonly string[] {
  const db = identifier(database)
  return [
    `CREATE DATABASE IF NOT EXISTS ${db}`,
    `CREATE TABLE IF NOT EXISTS ${db}.migrations (
  version UInt32,
  name String,
  applied_at DateTime('UTC') DEFAULT now()
) ENGINE = ReplacingMergeTree
ORDER BY version`,
  ]
}

function record(database: string, { version, name }: Migration): string {
  return `INSERT INTO ${identifier(database)}.migrations (version, name) SETTINGS async_insert=0 VALUES (${version}, '${name}')`
}

/** The SQL that `migrate` would run on an empty server, or on every server of an empty cluster. */
export function planMigrations(database: string, cluster?: ClusterOptions): string {
  const db = identifier(database)
  const statements = [
    ...bookkeeping(database),
    ...MIGRATIONS.flatMap((migration) => [...migration.statements(db), record(database, migration)]),
  ]
  return statements
    .flatMap((statement) => (cluster === undefined ? statement : onCluster(statement, cluster)))
    .map((statement) => `${statement};\n`)
    .join('\n')
}

/**
 * Brings the database to the newest version; returns the names of those applied now. Two processes may run it at
 * once: every statement can run twice, and a version is written down only after its statements. Fails with
 * `unsafe_schema` when a table that was there already would count repeated batches twice.
 */
export async function migrate(client: ClickhouseClient, database: string): Promise<{ applied: string[] }> {
  const db = identifier(database)
  for (const statement of bookkeeping(database)) await client.command({ query: statement })
  const answer = await client.query({
    query: `SELECT DISTINCT version FROM ${db}.migrations`,
    format: 'JSONEachRow',
  })
  const done = new Set((await answer.json<{ version: number }>()).map(({ version }) => version))
  const applied: string[] = []
  for (const migration of MIGRATIONS) {
    if (done.has(migration.version)) continue
    for (const statement of migration.statements(db)) await client.command({ query: statement })
    await client.command({ query: record(database, migration) })
    applied.push(migration.name)
  }
  await requireRepeatSafe(client, database, tablesWithWindow(db))
  return { applied }
}

/** Names of the tables that must remember repeated batches; on a cluster they carry a suffix. */
function tablesWithWindow(db: string): string[] {
  return MIGRATIONS.flatMap((migration) => migration.statements(db)).flatMap((statement) => {
    const name = /^CREATE TABLE IF NOT EXISTS `\w+`\.(\w+) /.exec(statement)?.[1]
    return name !== undefined && statement.includes(REPEAT_SAFE) ? [name, `${name}_local`] : []
  })
}
