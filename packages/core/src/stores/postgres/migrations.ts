import type { Kysely, RawBuilder } from 'kysely'
import type { KyselyModule } from './dialect.js'
import { changeTriggers } from './listener.js'
import { protectTable, rowLevelSecurity, supabaseLacksPolicies, supabasePolicies } from './policies.js'
import { type Tables, writeTime } from './tables.js'

interface Migration {
  readonly version: number
  readonly name: string
  /** Statements for a quoted schema name. Only additions, so that older code keeps working beside newer. */
  readonly statements: (schema: string) => readonly string[]
}

const SUPABASE = 'supabase_policies'

// Text that is sorted or compared by range is `collate "C"`: its order must not depend on the server's locale.
const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'projects_keys_usage_salts',
    statements: (schema) => [
      `create table ${schema}.projects (
  id uuid primary key,
  slug text collate "C" not null constraint projects_slug_key unique,
  name text not null,
  owner text collate "C",
  allowed_origins text[] not null,
  retention_days integer check (retention_days > 0),
  timezone text not null,
  plan text not null,
  created_at timestamptz not null
)`,
      `create index projects_owner on ${schema}.projects (owner, slug)`,
      `create table ${schema}.api_keys (
  id uuid primary key,
  project_id uuid references ${schema}.projects (id) on delete cascade,
  owner text collate "C",
  kind text not null check (kind in ('pk', 'sk', 'rk', 'ak')),
  env text not null check (env in ('live', 'test')),
  prefix text collate "C" not null constraint api_keys_prefix_key unique,
  secret_hash text not null,
  pepper_id text not null,
  scopes text[] not null,
  name text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  check ((kind = 'ak') = (project_id is null))
)`,
      `create index api_keys_project on ${schema}.api_keys (project_id, created_at)`,
      // No foreign key: the meter outlives its project, for whoever still has to bill it.
      `create table ${schema}.usage_meter (
  project_id uuid not null,
  month text collate "C" not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  events bigint not null,
  primary key (project_id, month)
)`,
      `create table ${schema}.ip_salts (
  day text collate "C" primary key check (day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
  salt text not null
)`,
    ],
  },
  {
    version: 2,
    name: 'jobs',
    statements: (schema) => [
      // No foreign key: the record of an erasure outlives its project.
      `create table ${schema}.jobs (
  id uuid primary key,
  project_id uuid not null,
  kind text not null check (kind in ('forget', 'retention')),
  state text not null check (state in ('queued', 'running', 'done', 'failed')),
  counts jsonb not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  verified_at timestamptz,
  error text
)`,
      `create index jobs_project on ${schema}.jobs (project_id, created_at)`,
      `create index jobs_open on ${schema}.jobs (created_at) where state in ('queued', 'running')`,
    ],
  },
  { version: 3, name: 'change_notifications', statements: changeTriggers },
  { version: 4, name: 'row_level_security', statements: rowLevelSecurity },
  {
    version: 5,
    name: 'rotations',
    statements: (schema) => [`alter table ${schema}.api_keys add column replaced_by uuid`],
  },
  {
    version: 6,
    name: 'usage_writes',
    statements: (schema) => [
      // What was added to the meter of late, so that a write whose answer was lost is not added again.
      `create table ${schema}.usage_writes (
  id uuid primary key,
  written_at timestamptz not null default now()
)`,
      `create index usage_writes_time on ${schema}.usage_writes (written_at)`,
      ...protectTable(schema, 'usage_writes'),
    ],
  },
  { version: 7, name: SUPABASE, statements: supabasePolicies },
]

const LATEST = Math.max(...MIGRATIONS.map(({ version }) => version))

// First half of the advisory lock's name; the second is the hash of the schema.
const LOCK_SPACE = 0x6d6c6d74

/** The SQL of all migrations, as one script for an empty database. */
export function migrationPlan(schemaName: string): string {
  const schema = `"${schemaName}"`
  const lines = [`begin`, `create schema if not exists ${schema}`, migrationsTable(schema)]
  for (const { version, name, statements } of MIGRATIONS) {
    lines.push(...statements(schema))
    lines.push(
      `insert into ${schema}.migrations (version, name, applied_at) values (${version}, '${name}', now())`,
    )
  }
  return `${[...lines, 'commit'].join(';\n\n')};\n`
}

/**
 * Brings the schema to the latest version and returns the names of what was applied. All or nothing; any
 * number of processes may call it at once. With `policies` also makes the policies of Supabase's roles where those
 * came after the tables, which only the owner of the tables can do.
 */
export async function migrate(
  { sql }: KyselyModule,
  db: Kysely<Tables>,
  schemaName: string,
  { policies }: { policies: boolean },
): Promise<readonly string[]> {
  // No lock when there is nothing to do, and no privilege to create anything is needed then.
  const latest = (await appliedVersions(db, exists(sql, schemaName))).has(LATEST)
  if (latest && !(policies && (await supabaseLacksPolicies(sql, db, schemaName)))) return []
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${LOCK_SPACE}::int, hashtext(${schemaName}))`.execute(transaction)
    const present = await exists(sql, schemaName)(transaction)
    const schema = `"${schemaName}"`
    if (!present.schema) await sql.raw(`create schema ${schema}`).execute(transaction)
    if (!present.table) await sql.raw(migrationsTable(schema)).execute(transaction)
    const done = await appliedVersions(transaction, async () => ({ table: true }))
    const missing = MIGRATIONS.filter(({ version }) => !done.has(version))
    for (const { version, name, statements } of missing) {
      for (const statement of statements(schema)) await sql.raw(statement).execute(transaction)
      const row = { version, name, applied_at: writeTime(Date.now()) }
      await transaction.insertInto('migrations').values(row).execute()
    }
    if (missing.length > 0 || !(await supabaseLacksPolicies(sql, transaction, schemaName))) {
      return missing.map(({ name }) => name)
    }
    for (const statement of supabasePolicies(schema)) await sql.raw(statement).execute(transaction)
    return [SUPABASE]
  })
}

function migrationsTable(schema: string): string {
  return `create table ${schema}.migrations (
  version integer primary key,
  name text not null,
  applied_at timestamptz not null
)`
}

async function appliedVersions(
  db: Kysely<Tables>,
  present: (db: Kysely<Tables>) => Promise<{ table: boolean }>,
): Promise<ReadonlySet<number>> {
  if (!(await present(db)).table) return new Set()
  const rows = await db.selectFrom('migrations').select('version').execute()
  return new Set(rows.map(({ version }) => version))
}

/** Looked up and not "if not exists", which asks for the privilege to create even when nothing is missing. */
function exists(
  sql: KyselyModule['sql'],
  schema: string,
): (db: Kysely<Tables>) => Promise<{ schema: boolean; table: boolean }> {
  const query: RawBuilder<{ has_schema: boolean; has_table: boolean }> = sql`select
    exists (select 1 from pg_catalog.pg_namespace where nspname = ${schema}) as has_schema,
    exists (select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = 'migrations') as has_table`
  return async (db) => {
    const { rows } = await query.execute(db)
    return { schema: rows[0]?.has_schema === true, table: rows[0]?.has_table === true }
  }
}
