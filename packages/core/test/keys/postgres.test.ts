import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.js'
import { createKeyManager } from '../../src/auth/manage-keys.js'
import type { Diagnostic } from '../../src/diagnostics.js'
import { createProjects } from '../../src/projects/projects.js'
import { createUsageMeter } from '../../src/projects/usage-meter.js'
import { type PostgresPool, postgresKeys, type SqlKeyStore } from '../../src/stores/postgres/index.js'
import { createTestDatabase, type TestDatabase } from './postgres-server.js'

const PEPPER = 'a pepper for the tests'
const MIGRATIONS = [
  'projects_keys_usage_salts',
  'jobs',
  'change_notifications',
  'row_level_security',
  'rotations',
  'usage_writes',
  'supabase_policies',
]
const clock = (): number => 1_778_958_000_000

let database: TestDatabase | undefined

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database?.close()
})

describe('options', () => {
  it.each(['short', ''])('refuses the pepper %j', (pepper) => {
    const pool = new pg.Pool()
    expect(() => postgresKeys({ pool, pepper })).toThrow(expect.objectContaining({ code: 'invalid_options' }))
  })

  it.each(['', 'Upper', 'a-b', 'a"b', 'a.b', '1a', 'pg_x', 'a'.repeat(64), 'a;b', 'ä'])(
    'refuses the schema %j',
    (schema) => {
      const pool = new pg.Pool()
      const open = (): SqlKeyStore => postgresKeys({ pool, pepper: PEPPER, schema })
      expect(open).toThrow(expect.objectContaining({ code: 'invalid_options' }))
    },
  )

  it('refuses what is no pool', () => {
    const pool = 'postgres://localhost' as unknown as PostgresPool
    expect(() => postgresKeys({ pool, pepper: PEPPER })).toThrow(/new pg\.Pool/)
  })

  it('opens nothing at construction', async () => {
    const pool = new pg.Pool({ host: '127.0.0.1', port: 1 })
    const keys = postgresKeys({ pool, pepper: PEPPER })
    expect(pool.totalCount).toBe(0)
    expect(pool.listenerCount('error')).toBe(0)
    expect(keys.plan()).toContain('create table "millimetric".projects')
    expect(await keys.peppers()).toHaveLength(1)
    await keys.close()
    expect(pool.totalCount).toBe(0)
  })
})

describe('an unreachable server', () => {
  it('is storage_unavailable, with no host, user or password in the message', async () => {
    const pool = new pg.Pool({ host: '127.0.0.1', port: 1, user: 'somebody', password: 'hunter2hunter2' })
    const keys = postgresKeys({ pool, pepper: PEPPER })
    const error = await failure(keys.findKey('00000000'))
    expect(error).toMatchObject({ code: 'storage_unavailable', retryAfter: 5 })
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.message).not.toMatch(/127\.0\.0\.1|somebody|hunter2/)
    await pool.end()
  })

  it('that hangs is storage_unavailable when the pool gives up', async () => {
    const server = createServer(() => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const pool = new pg.Pool({ host: '127.0.0.1', port, connectionTimeoutMillis: 200 })
    const keys = postgresKeys({ pool, pepper: PEPPER })
    await expect(keys.listProjects()).rejects.toMatchObject({ code: 'storage_unavailable' })
    await pool.end()
    server.close()
  })
})

// Where Postgres can't run, createTestDatabase has said so.
describe('on a server', () => {
  let schema = ''
  let count = 0
  beforeEach(({ skip }) => {
    if (database === undefined) return skip()
    schema = `s${++count}`
  })

  function on(): TestDatabase {
    if (database === undefined) throw new Error('no server')
    return database
  }

  function open(options: { migrate?: boolean; pepper?: string; pool?: pg.Pool } = {}): SqlKeyStore {
    return postgresKeys({ pool: on().pool(), pepper: PEPPER, schema, ...options })
  }

  async function sql(text: string, values: unknown[] = []): Promise<unknown[]> {
    const client = new pg.Client(on().url)
    await client.connect()
    try {
      return (await client.query(text, values)).rows
    } finally {
      await client.end()
    }
  }

  const tables = (): Promise<unknown[]> =>
    sql(
      `select c.table_name, c.column_name, c.data_type, c.is_nullable, c.collation_name from information_schema.columns c
       where c.table_schema = $1 order by c.table_name, c.ordinal_position`,
      [schema],
    )

  describe('migrations', () => {
    it('run once, on first use', async () => {
      const keys = open()
      expect(await tables()).toEqual([])
      expect(await keys.listProjects()).toEqual([])
      expect(await tables()).not.toEqual([])
      expect(await keys.migrate()).toEqual({ applied: [] })
      const rows = await sql(`select version, name from ${schema}.migrations`)
      expect(rows).toEqual(MIGRATIONS.map((name, index) => ({ version: index + 1, name })))
    })

    it('are the printed plan', async () => {
      const keys = open({ migrate: false })
      await sql(keys.plan())
      const printed = await tables()
      expect(await keys.migrate()).toEqual({ applied: [] })
      await sql(`drop schema ${schema} cascade`)
      expect(await keys.migrate()).toEqual({ applied: MIGRATIONS })
      expect(await tables()).toEqual(printed)
    })

    it('wait for migrate() when told to, and say so', async () => {
      const keys = open({ migrate: false })
      const error = await failure(keys.listProjects())
      expect(error).toMatchObject({ code: 'storage_unavailable' })
      expect(error.message).toContain('migrate()')
      await keys.migrate()
      expect(await keys.listProjects()).toEqual([])
    })

    it('are safe from ten stores at once', async () => {
      const stores = Array.from({ length: 10 }, () => open())
      const applied = await Promise.all(stores.map((store) => store.migrate()))
      expect(applied.filter(({ applied: names }) => names.length > 0)).toHaveLength(1)
      expect(await sql(`select count(*)::int as n from ${schema}.migrations`)).toEqual([
        { n: MIGRATIONS.length },
      ])
    })

    it('are safe from four processes at once', async () => {
      const script = fileURLToPath(new URL('./migrate-process.ts', import.meta.url))
      const run = promisify(execFile)
      const args = ['--conditions=@millimetric/source', '--import', 'tsx', script, on().url, schema, PEPPER]
      const outputs = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, args)))
      const applied = outputs.map(({ stdout }) => stdout.trim()).sort()
      expect(applied).toEqual([JSON.stringify(MIGRATIONS), '[]', '[]', '[]'])
    })

    it('leave nothing behind when they fail, and work the next time', async () => {
      await sql(`create schema ${schema}; create table ${schema}.usage_meter (mine int)`)
      const keys = open()
      await expect(keys.listProjects()).rejects.toThrow(/already exists/)
      expect(await tables()).toHaveLength(1)
      await sql(`drop table ${schema}.usage_meter`)
      expect(await keys.listProjects()).toEqual([])
    })

    it('need no right to create anything when there is nothing to do', async () => {
      await open().migrate()
      const role = `app_${schema}`
      await sql(`create role ${role} login password 'app'; grant usage on schema ${schema} to ${role};
        grant select, insert, update, delete on all tables in schema ${schema} to ${role}`)
      const url = new URL(on().url)
      url.username = role
      url.password = 'app'
      const keys = open({ pool: on().pool({ connectionString: url.href }) })
      const { project } = await projectsOn(keys).create({ slug: 'shop' })
      expect(await keys.findProject('shop')).toEqual(project)
      await sql(`revoke select on ${schema}.projects from ${role}`)
      const error = await failure(keys.findProject('shop'))
      expect(error).toMatchObject({ code: 'storage_unavailable' })
      expect(error.message).toContain('grant')
    })
  })

  describe('the pool of the host', () => {
    it('stays open after close(), and the store does not', async () => {
      const pool = on().pool()
      const keys = open({ pool })
      await keys.listProjects()
      await keys.close()
      await keys.close()
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await expect(keys.listProjects()).rejects.toMatchObject({ code: 'shutting_down' })
      await expect(keys.migrate()).rejects.toMatchObject({ code: 'shutting_down' })
    })

    it('may be shared by many stores without piling up listeners', async () => {
      const pool = on().pool()
      for (let i = 0; i < 20; i++) await open({ pool }).listProjects()
      expect(pool.listenerCount('error')).toBe(1)
    })

    it('survives the death of idle connections', async () => {
      const keys = open()
      await keys.listProjects()
      await killOthers()
      await expect.poll(() => keys.listProjects().catch(() => 'away')).toEqual([])
    })

    it('survives the death of a connection inside a statement and inside a transaction', async () => {
      const pool = on().pool({ max: 1 })
      const keys = open({ pool })
      await keys.listProjects()
      const project = bareProject('locked')
      await slowInserts(30)
      const work = failure(keys.insertProject(project))
      await expect
        .poll(async () => (await killOthers('pg_sleep')) > 0 || (await killOthers('insert into')) > 0)
        .toBe(true)
      expect(await work).toMatchObject({ code: 'storage_unavailable' })
      await sql(`drop function ${schema}.slow() cascade`)
      await keys.insertProject(project)
      expect(await keys.findProject('locked')).toEqual(project)
      // The only connection is no longer inside a transaction of ours.
      expect((await pool.query('select pg_current_xact_id_if_assigned() as id')).rows).toEqual([{ id: null }])
    })

    it('never gets back a connection whose transaction could not be ended', async () => {
      const pool = on().pool({ max: 1, query_timeout: 300 })
      const keys = open({ pool })
      await keys.listProjects()
      await slowInserts(2)
      expect(await failure(keys.insertProject(bareProject('late')))).toMatchObject({
        code: 'storage_unavailable',
      })
      expect(pool.totalCount).toBe(0)
    })

    it('may parse types its own way', async () => {
      const types: pg.CustomTypesConfig = {
        getTypeParser: (oid: number) =>
          // Times as text and bigints as BigInt: what hosts set for themselves.
          oid === 20 ? BigInt : oid === 1184 || oid === 1114 ? String : pg.types.getTypeParser(oid, 'text'),
      }
      const keys = open({ pool: on().pool({ types }) })
      const project = { ...bareProject('typed'), created_at: 1_778_958_000_123 }
      await keys.insertProject(project)
      expect(await keys.findProject('typed')).toEqual(project)
      await keys.addUsage(crypto.randomUUID(), [
        { project_id: project.id, month: '2026-05', events: 5_000_000_000 },
      ])
      expect((await keys.usage([project.id]))[0]?.events).toBe(5_000_000_000)
    })

    it('may speak another time zone', async () => {
      const pool = on().pool({ options: '-c timezone=America/New_York' })
      const keys = open({ pool })
      const project = { ...bareProject('zoned'), created_at: 1_778_958_000_123 }
      await keys.insertProject(project)
      expect(await keys.findProject('zoned')).toEqual(project)
      expect(await open().findProject('zoned')).toEqual(project)
    })
  })

  describe('peppers', () => {
    it('rotate: old keys keep working, new keys use the new one, a lost one is reported', async () => {
      const first = open({ pepper: 'the first pepper of all' })
      const { keys: texts } = await projectsOn(first).create({ slug: 'shop' })
      const rotated = postgresKeys({
        pool: on().pool(),
        schema,
        pepper: { current: 'the second pepper of all', previous: ['the first pepper of all'] },
      })
      const lost = open({ pepper: 'the second pepper of all' })
      expect(await answer(rotated, texts.sk)).toBe('ok')
      const diagnostics: Diagnostic[] = []
      expect(await answer(lost, texts.sk, diagnostics)).toBe('invalid_api_key')
      expect(diagnostics).toMatchObject([{ kind: 'pepper_mismatch' }])
      const [pepper] = await rotated.peppers()
      const { project } = await projectsOn(rotated).create({ slug: 'new' })
      expect((await rotated.listKeys(project.id)).every(({ pepper_id }) => pepper_id === pepper.id)).toBe(
        true,
      )
    })
  })

  it('adds usage once although the answer of the commit was lost', async () => {
    const pool = on().pool({ max: 1 })
    let lost = 0
    const losing: PostgresPool = {
      async connect() {
        const client = await pool.connect()
        return {
          async query<R>(text: string, values: unknown[]) {
            const { rows, rowCount } = await client.query(text, values)
            if (text === 'commit' && lost-- > 0) throw new Error('read ECONNRESET')
            const read: R[] = rows
            return { rows: read, rowCount }
          },
          on: (event, listener) => client.on(event, listener),
          removeListener: (event, listener) => client.removeListener(event, listener),
          release: (broken) => client.release(broken),
        }
      },
      on: (event, listener) => pool.on(event, listener),
    }
    const keys = postgresKeys({ pool: losing, pepper: PEPPER, schema, listen: false })
    const diagnostics: Diagnostic[] = []
    const meter = createUsageMeter({
      keys,
      plans: {},
      clock,
      onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    })
    const { project } = await projectsOn(keys).create({ slug: 'shop' })
    lost = 2
    for (let round = 0; round < 4; round++) {
      meter.add(project.id, [clock(), clock()])
      await meter.flush()
    }
    expect(lost).toBe(-3)
    expect(diagnostics).toMatchObject([{ operation: 'addUsage' }])
    expect(await keys.usage([project.id])).toMatchObject([{ events: 8 }])
    // What can't be asked about any more goes.
    await sql(`update ${schema}.usage_writes set written_at = now() - interval '8 days'`)
    meter.add(project.id, [clock()])
    await meter.close()
    expect(await sql(`select count(*)::int as n from ${schema}.usage_writes`)).toEqual([{ n: 1 }])
  })

  it('writes last uses in the order of ids, so that two processes never wait for each other', async () => {
    const keys = open()
    const { project } = await projectsOn(keys).create({ slug: 'shop' })
    const ids = ['1', '2', '3', '4'].map((n) => `${n}0000000-0000-4000-8000-000000000000`)
    const [made] = await keys.listKeys(project.id)
    if (made === undefined) throw new Error('no key')
    // Stored in another order than that of their ids.
    for (const [index, id] of ids.toReversed().entries()) {
      await keys.insertKey({ ...made, id, prefix: `0000000${index}` })
    }
    const holder = await on().pool().connect()
    await holder.query('begin')
    await holder.query(`select 1 from ${schema}.api_keys where id = $1 for update`, [ids[2]])
    const work = keys.touchKeys(ids.map((id) => ({ id, last_used_at: clock() })))
    await expect
      .poll(() =>
        sql(
          `select count(*)::int as n from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock' and query like '%last_used_at%'`,
        ),
      )
      .toEqual([{ n: 1 }])
    const free = await sql(
      `select id::text from ${schema}.api_keys where id = any($1) for update skip locked`,
      [ids],
    )
    expect(free).toEqual([{ id: ids[3] }])
    await holder.query('rollback')
    holder.release()
    await work
    expect((await keys.listKeys(project.id)).filter((key) => key.last_used_at === clock())).toHaveLength(4)
  })

  it('holds no secret in any table', async () => {
    const keys = open()
    const { keys: texts } = await projectsOn(keys).create({ slug: 'shop' })
    const dump = JSON.stringify([
      await sql(`select * from ${schema}.api_keys`),
      await sql(`select * from ${schema}.projects`),
    ])
    for (const text of Object.values(texts)) expect(dump).not.toContain(text.slice(-43))
    expect(dump).not.toContain(PEPPER)
  })

  it('binds every value: a slug of SQL finds nothing and harms nothing', async () => {
    const keys = open()
    await projectsOn(keys).create({ slug: 'shop' })
    const evil = `x'; drop schema ${schema} cascade; --`
    expect(await keys.findProject(evil)).toBeUndefined()
    expect(await keys.findKey(evil)).toBeUndefined()
    expect(await keys.listProjects({ owner: evil })).toEqual([])
    expect(await keys.findProject('shop')).toBeDefined()
  })

  it('verifies a key end to end', async () => {
    const keys = open()
    const { keys: texts } = await projectsOn(keys).create({
      slug: 'shop',
      allowed_origins: ['https://a.example'],
    })
    expect(await answer(keys, texts.sk)).toBe('ok')
    expect(await answer(keys, texts.pk)).toBe('origin_not_allowed')
    expect(await answer(keys, `${texts.sk.slice(0, -43)}${'A'.repeat(43)}`)).toBe('invalid_api_key')
  })

  async function slowInserts(seconds: number): Promise<void> {
    await sql(`create function ${schema}.slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(${seconds}); return new; end $$;
      create trigger slow before insert on ${schema}.projects for each row execute function ${schema}.slow()`)
  }

  /** Ends the other connections to this database, or those that run a statement like this; returns how many. */
  async function killOthers(like = ''): Promise<number> {
    const rows = await sql(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and query ilike $1`,
      [`%${like}%`],
    )
    return rows.length
  }
})

function bareProject(slug: string): Parameters<SqlKeyStore['insertProject']>[0] {
  const id = crypto.randomUUID()
  const rest = {
    name: slug,
    owner: null,
    allowed_origins: [],
    retention_days: null,
    timezone: 'UTC',
    plan: 'x',
  }
  return { id, slug, created_at: 0, ...rest }
}

function projectsOn(keys: SqlKeyStore): ReturnType<typeof createProjects> {
  return createProjects({ keys, clock, keyManager: createKeyManager({ keys, clock, invalidate: () => {} }) })
}

async function answer(keys: SqlKeyStore, key: string, diagnostics: Diagnostic[] = []): Promise<string> {
  const onDiagnostic = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic)
  const auth = createAuthenticator({ keys, clock, onDiagnostic })
  const request = new Request('https://host.example/', { headers: { authorization: `Bearer ${key}` } })
  try {
    await auth.authenticate(request, { scope: 'ingest', allowQueryKey: false })
    return 'ok'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    await auth.flushUsed()
  }
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('expected an error')
  return error
}
