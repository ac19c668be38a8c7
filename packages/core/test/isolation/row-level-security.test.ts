import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccountKeys } from '../../src/auth/account-keys.js'
import { createKeyMint } from '../../src/auth/key-mint.js'
import { createKeyManager } from '../../src/auth/manage-keys.js'
import { createProjects, type Projects } from '../../src/projects/projects.js'
import { postgresKeys, type SqlKeyStore } from '../../src/stores/postgres/index.js'
import { createTestDatabase, type TestDatabase } from '../keys/postgres-server.js'

const PEPPER = 'a pepper for the tests'
const TABLES = ['projects', 'api_keys', 'usage_meter', 'usage_writes', 'ip_salts', 'jobs', 'migrations']
const ALICE = randomUUID()
const BOB = randomUUID()

const AUTH_SCHEMA = `create schema if not exists auth;
    create or replace function auth.uid() returns uuid language sql stable as
      $$ select nullif(current_setting('request.jwt.claims', true)::json ->> 'sub', '')::uuid $$;
    grant usage on schema auth to anon, authenticated, service_role`
/** A column of each table, where it is not the id. */
const COLUMN_OF: Readonly<Record<string, string>> = {
  usage_meter: 'events',
  ip_salts: 'salt',
  migrations: 'name',
}

let database: TestDatabase | undefined
let admin: pg.Pool

beforeAll(async () => {
  database = await createTestDatabase()
  if (database === undefined) return
  admin = database.pool()
  // Roles belong to the server, which other test files share.
  await admin.query(`do $$ begin
    perform pg_advisory_xact_lock(4711);
    if not exists (select from pg_roles where rolname = 'anon') then
      create role anon nologin noinherit;
      create role authenticated nologin noinherit;
      create role service_role nologin noinherit bypassrls;
    end if;
  end $$`)
})
afterAll(async () => {
  await database?.close()
})

/** As in a new Supabase project: the functions of auth, and default grants of everything in public. */
async function likeSupabase(): Promise<void> {
  await admin.query(`${AUTH_SCHEMA};
    grant usage on schema public to anon, authenticated, service_role;
    alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public grant all on functions to anon, authenticated, service_role`)
}

interface Outcome {
  rows: Record<string, unknown>[]
  count: number
  code: string
}

/** Runs a statement as PostgREST would: role and claims for one transaction. */
async function as(
  role: string,
  uid: string | undefined,
  sql: string,
  values: unknown[] = [],
  pool: pg.Pool = admin,
): Promise<Outcome> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(`set local role ${role}`)
    const claims = JSON.stringify(uid === undefined ? { role } : { role, sub: uid })
    await client.query(`select set_config('request.jwt.claims', $1, true)`, [claims])
    const { rows, rowCount } = await client.query(sql, values)
    await client.query('commit')
    return { rows, count: rowCount ?? 0, code: 'ok' }
  } catch (error) {
    await client.query('rollback')
    return {
      rows: [],
      count: 0,
      code: error instanceof pg.DatabaseError ? (error.code ?? '') : String(error),
    }
  } finally {
    client.release()
  }
}

function projectsOf(keys: SqlKeyStore): Projects {
  const clock = Date.now
  return createProjects({ keys, clock, keyManager: createKeyManager({ keys, clock, invalidate: () => {} }) })
}

describe.each(['millimetric', 'public'])('with Supabase’s roles, in the schema %s', (schema) => {
  let mine: { id: string }
  let theirs: { id: string }

  beforeAll(async () => {
    if (database === undefined) return
    await likeSupabase()
    const keys = postgresKeys({ pool: database.pool(), pepper: PEPPER, schema, listen: false })
    const projects = projectsOf(keys)
    const account = createAccountKeys({
      keys,
      make: createKeyMint({ keys, clock: Date.now }),
      clock: Date.now,
      invalidate: () => {},
    })
    for (const owner of [ALICE, BOB]) await account.create({ owner, name: `of ${owner}` })
    mine = (await projects.create({ slug: 'mine', owner: ALICE })).project
    theirs = (await projects.create({ slug: 'theirs', owner: BOB })).project
    await projects.create({ slug: 'nobodys' })
    for (const { id } of [mine, theirs]) {
      await keys.addUsage(randomUUID(), [{ project_id: id, month: '2026-05', events: 5 }])
      await keys.insertJob({
        id: randomUUID(),
        project_id: id,
        kind: 'forget',
        state: 'done',
        counts: {},
        created_at: 0,
        finished_at: null,
        verified_at: null,
        error: null,
      })
    }
    await keys.claimSalt({ day: '2026-05-16', salt: 'secret-salt' })
  })

  it('is on for every table, and no table is forgotten here', async ({ skip }) => {
    if (database === undefined) return skip()
    const { rows } = await admin.query(
      `select c.relname, c.relrowsecurity from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm') order by 1`,
      [schema],
    )
    expect(rows).toEqual(TABLES.toSorted().map((relname) => ({ relname, relrowsecurity: true })))
  })

  it('anon gets nothing from any table', async ({ skip }) => {
    if (database === undefined) return skip()
    for (const table of TABLES) {
      const name = `${schema}.${table}`
      const column = COLUMN_OF[table] ?? 'id'
      for (const sql of [
        `select * from ${name}`,
        `select count(*) from ${name}`,
        `select 1 from ${name} for update`,
        `insert into ${name} default values`,
        `insert into ${name} select * from ${name}`,
        `update ${name} set ${column} = ${column}`,
        `delete from ${name}`,
        `truncate ${name}`,
        `truncate ${name} cascade`,
        `lock table ${name} in access exclusive mode`,
      ]) {
        for (const uid of [undefined, ALICE]) {
          expect([sql, (await as('anon', uid, sql)).code]).toEqual([sql, '42501'])
        }
      }
    }
  })

  it('a user reads their own rows only, and nothing secret', async ({ skip }) => {
    if (database === undefined) return skip()
    const read = async (sql: string, uid: string | undefined = ALICE): Promise<Record<string, unknown>[]> => {
      const { rows, code } = await as('authenticated', uid, sql.replaceAll('$s', schema))
      expect(code).toBe('ok')
      return rows
    }
    expect(await read('select slug, plan, retention_days from $s.projects')).toEqual([
      { slug: 'mine', plan: 'default', retention_days: null },
    ])
    const own = await read('select project_id, kind, scopes, last_used_at, replaced_by from $s.api_keys')
    expect(own.map(({ kind }) => kind).sort()).toEqual(['ak', 'pk', 'rk', 'sk'])
    // Keys of accounts belong to no project, and are read by their owner alone.
    const accountKeys = `select name, owner, scopes from $s.api_keys where kind = 'ak'`
    expect(await read(accountKeys)).toEqual([{ name: `of ${ALICE}`, owner: ALICE, scopes: ['read'] }])
    expect(await read(accountKeys, BOB)).toEqual([{ name: `of ${BOB}`, owner: BOB, scopes: ['read'] }])
    expect(await read(accountKeys, randomUUID())).toEqual([])
    expect(await read(`select 1 from $s.api_keys where project_id = '${theirs.id}'`)).toEqual([])
    expect(await read('select project_id::text from $s.usage_meter')).toEqual([{ project_id: mine.id }])
    expect(await read('select project_id::text from $s.jobs')).toEqual([{ project_id: mine.id }])
    for (const nobody of [undefined, randomUUID()]) {
      for (const table of ['projects', 'api_keys', 'usage_meter', 'jobs']) {
        expect(
          await read(`select 1 from $s.${table}`, nobody ?? '00000000-0000-4000-8000-000000000000'),
        ).toEqual([])
      }
    }
    expect(await as('authenticated', undefined, `select id from ${schema}.projects`)).toMatchObject({
      rows: [],
    })
  })

  const forbidden = [
    'select secret_hash from $s.api_keys',
    'select pepper_id from $s.api_keys',
    'select * from $s.api_keys',
    'select api_keys from $s.api_keys',
    'select 1 from $s.api_keys where secret_hash = md5(random()::text)',
    'select salt from $s.ip_salts',
    'select * from $s.migrations',
    `update $s.projects set plan = 'pro'`,
    `update $s.projects set owner = '${ALICE}'`,
    'update $s.projects set retention_days = 1',
    'update $s.projects set id = gen_random_uuid()',
    'update $s.projects set created_at = now()',
    `insert into $s.projects select gen_random_uuid(), 'x', 'x', '${ALICE}', '{}', null, 'UTC', 'pro', now()`,
    'delete from $s.projects',
    'truncate $s.projects cascade',
    `update $s.api_keys set name = 'x'`,
    'update $s.api_keys set revoked_at = null',
    `insert into $s.api_keys (id) values (gen_random_uuid())`,
    'delete from $s.api_keys',
    'update $s.usage_meter set events = 0',
    'delete from $s.usage_meter',
    `update $s.jobs set state = 'done'`,
    'delete from $s.jobs',
    'select * from $s.usage_writes',
    'delete from $s.usage_writes',
    `insert into $s.ip_salts values ('2026-05-17', 'x')`,
    'lock table $s.api_keys in access exclusive mode',
    'alter table $s.projects disable row level security',
    'drop policy owner_reads on $s.projects',
  ]
  it.for(forbidden)('a user may not: %s', async (sql, { skip }) => {
    if (database === undefined) return skip()
    const outcome = await as('authenticated', ALICE, sql.replaceAll('$s', schema))
    expect(outcome).toMatchObject({ code: '42501', rows: [] })
  })

  it('a user changes name, slug, origins and time zone of their own projects, within bounds', async ({
    skip,
  }) => {
    if (database === undefined) return skip()
    const change = (set: string, where = ''): Promise<Outcome> =>
      as('authenticated', ALICE, `update ${schema}.projects set ${set} ${where} returning slug`)
    expect(
      await change(
        `name = 'New', slug = 'mine-too', timezone = 'Europe/Berlin', allowed_origins = '{https://a.test}'`,
      ),
    ).toMatchObject({ count: 1, rows: [{ slug: 'mine-too' }] })
    expect(await change(`name = 'Stolen'`, `where id = '${theirs.id}'`)).toMatchObject({
      code: 'ok',
      count: 0,
    })
    expect(await change(`slug = 'theirs'`)).toMatchObject({ code: '23505' })
    for (const bad of [
      `slug = ''`,
      `slug = 'Upper'`,
      `slug = '-a'`,
      `slug = '${theirs.id}'`,
      `name = ''`,
      `name = repeat('x', 129)`,
      `name = E'a\\nb'`,
      `timezone = 'Nowhere/Atall'`,
      `allowed_origins = array[null]::text[]`,
      `allowed_origins = array_fill('https://a.test'::text, array[101])`,
      `allowed_origins = array['javascript:alert(1)']`,
      `allowed_origins = array['https://' || repeat('a', 300)]`,
    ]) {
      expect([bad, (await change(bad)).code]).toEqual([bad, '23514'])
    }
    await change(`slug = 'mine', timezone = 'UTC'`)
  })

  it('the service role reads all but hashes and salts, and writes nothing', async ({ skip }) => {
    if (database === undefined) return skip()
    expect(
      (await as('service_role', undefined, `select id, plan from ${schema}.projects`)).rows,
    ).toHaveLength(3)
    expect(
      (await as('service_role', undefined, `select id, prefix from ${schema}.api_keys`)).rows,
    ).toHaveLength(11)
    for (const sql of [
      'select secret_hash from $s.api_keys',
      'select * from $s.ip_salts',
      `update $s.projects set plan = 'pro'`,
      'delete from $s.api_keys',
    ]) {
      expect(await as('service_role', undefined, sql.replaceAll('$s', schema))).toMatchObject({
        code: '42501',
      })
    }
  })

  it('holds when somebody grants everything again by hand: rows stay apart, plans stay', async ({ skip }) => {
    if (database === undefined) return skip()
    await admin.query(
      `grant usage on schema ${schema} to anon; grant all on all tables in schema ${schema} to anon, authenticated`,
    )
    const rows = async (role: string, sql: string): Promise<Outcome> =>
      as(role, ALICE, sql.replaceAll('$s', schema))
    for (const table of TABLES)
      expect(await rows('anon', `select 1 from $s.${table}`)).toMatchObject({ count: 0 })
    expect(await rows('anon', 'delete from $s.projects')).toMatchObject({ count: 0 })
    expect(await rows('authenticated', 'select id from $s.projects')).toMatchObject({ count: 1 })
    expect(await rows('authenticated', 'select 1 from $s.ip_salts')).toMatchObject({ count: 0 })
    expect(await rows('authenticated', 'delete from $s.api_keys')).toMatchObject({ count: 0 })
    expect(await rows('authenticated', `update $s.projects set plan = 'pro'`)).toMatchObject({
      code: '42501',
    })
    expect(await rows('authenticated', `update $s.projects set owner = '${BOB}'`)).toMatchObject({
      code: '42501',
    })
  })

  it('lets a role of the library work that owns nothing', async ({ skip }) => {
    if (database === undefined) return skip()
    const role = `library_${schema}_${randomUUID().slice(0, 8)}`
    await admin.query(`create role ${role} login password 'app'; grant usage on schema ${schema} to ${role};
      grant select, insert, update, delete on all tables in schema ${schema} to ${role}`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'app'
    const pool = database.pool({ connectionString: url.href })
    const keys = postgresKeys({ pool, pepper: PEPPER, schema, listen: false })
    const { project } = await projectsOf(keys).create({ slug: `by-${schema}`, owner: ALICE })
    expect(await keys.findProject(project.id)).toEqual(project)
    expect(await keys.listProjects()).toHaveLength(4)
    expect(await keys.updateProject(project.id, { plan: 'pro', retention_days: 3 })).toMatchObject({
      plan: 'pro',
    })
    expect(await keys.listKeys(project.id)).toHaveLength(3)
    // A reader is no library: what it has not been given a policy for, it does not see.
    await admin.query(`revoke insert on ${schema}.api_keys from ${role}`)
    expect(await keys.listProjects()).toEqual([])
  })
})

it('gets its policies from migrate() where Supabase’s functions came after the tables, once', async ({
  skip,
}) => {
  const late = await createTestDatabase()
  if (late === undefined) return skip()
  const pool = late.pool()
  const keys = postgresKeys({ pool, pepper: PEPPER, listen: false })
  await projectsOf(keys).create({ slug: 'mine', owner: ALICE })
  await projectsOf(keys).create({ slug: 'theirs', owner: BOB })
  expect(await keys.migrate()).toEqual({ applied: [] })
  await pool.query(AUTH_SCHEMA)
  // Nobody was let in by that alone.
  const slugs = async (): Promise<unknown> =>
    (await as('authenticated', ALICE, 'select slug from millimetric.projects', [], pool)).rows
  expect(await slugs()).toEqual([])
  expect(await keys.migrate()).toEqual({ applied: ['supabase_policies'] })
  expect(await slugs()).toEqual([{ slug: 'mine' }])
  expect(await keys.migrate()).toEqual({ applied: [] })
  // A role that owns nothing can't make policies, and is not stopped by that.
  await pool.query('drop policy owner_reads on millimetric.projects')
  const role = `late_${randomUUID().slice(0, 8)}`
  await pool.query(`create role ${role} login password 'app'; grant usage on schema millimetric to ${role};
    grant select, insert, update, delete on all tables in schema millimetric to ${role}`)
  const url = new URL(late.url)
  url.username = role
  url.password = 'app'
  const app = postgresKeys({ pool: late.pool({ connectionString: url.href }), pepper: PEPPER, listen: false })
  expect(await app.listProjects()).toHaveLength(2)
  await app.close()
  await keys.close()
  await late.close()
})

it('works on a plain Postgres without those roles’ function', async ({ skip }) => {
  const plain = await createTestDatabase()
  if (plain === undefined) return skip()
  const keys = postgresKeys({ pool: plain.pool(), pepper: PEPPER, listen: false })
  expect((await keys.migrate()).applied).toContain('row_level_security')
  await projectsOf(keys).create({ slug: 'p' })
  expect(await keys.listProjects()).toHaveLength(1)
  const { rows } = await plain
    .pool()
    .query(
      `select distinct grantee from information_schema.table_privileges where table_schema = 'millimetric'`,
    )
  expect(rows).toEqual([{ grantee: 'postgres' }])
  await plain.close()
})
