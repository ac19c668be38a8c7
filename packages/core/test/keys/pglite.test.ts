import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.js'
import { createKeyManager } from '../../src/auth/manage-keys.js'
import { createProjects } from '../../src/projects/projects.js'
import { openPglite, type PgliteDatabase } from '../../src/stores/pglite/database.js'
import { lockDirectory } from '../../src/stores/pglite/directory-lock.js'
import { pgliteKeys, type SqlKeyStore } from '../../src/stores/pglite/index.js'
import { sqlDialect } from '../../src/stores/postgres/dialect.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('./pglite-process.ts', import.meta.url))
const node = ['--conditions=@millimetric/source', '--import', 'tsx']

let directory: string

async function temporary(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'millimetric-pglite-'))
}

describe('the directory lock', () => {
  beforeEach(async () => {
    directory = await temporary()
  })
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  it('is held by one at a time and given back', async () => {
    const unlock = await lockDirectory(directory)
    const error = await failure(lockDirectory(directory))
    expect(error).toMatchObject({ code: 'store_in_use', details: { pid: process.pid } })
    expect(error.message).toContain(directory)
    expect(error.message).toContain('postgresKeys()')
    await unlock()
    await (await lockDirectory(directory))()
    expect(await readdir(directory)).toEqual([])
  })

  it('is refused to everybody but one of many at once', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory)))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it.each([
    ['a process that ended', async () => JSON.stringify({ pid: await endedProcess(), started: '' })],
    [
      'an earlier process of the same number',
      async () => JSON.stringify({ pid: process.pid, started: 'other boot/1' }),
    ],
    ['a crash while it was written', async () => '{"pid":'],
    ['nothing at all', async () => ''],
    ['something else', async () => '{"pid":"1"}'],
    ['a number that is no process', async () => '{"pid":-1,"started":""}'],
  ])('is taken over from %s, by one of many', async (_name, left) => {
    await writeFile(join(directory, 'lock'), await left())
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => lockDirectory(directory)))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(directory)).toEqual(['lock'])
  })

  it('is taken over although an earlier takeover was cut off', async () => {
    await writeFile(join(directory, 'lock'), '{"pid":-1}')
    await writeFile(join(directory, 'lock.takeover'), '')
    await (await lockDirectory(directory))()
    expect(await readdir(directory)).toEqual([])
  })

  it('of another is not removed by giving back one’s own', async () => {
    const unlock = await lockDirectory(directory)
    await writeFile(join(directory, 'lock'), '{"pid":1,"started":"x"}')
    await unlock()
    expect(await readdir(directory)).toEqual(['lock'])
  })
})

describe('a directory', () => {
  beforeAll(async () => {
    directory = await temporary()
  })
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  it('opens on first use only, and keeps a pepper of its own for the next start', async () => {
    const keys = pgliteKeys({ path: directory })
    expect(keys.plan()).toContain('create table "millimetric".api_keys')
    expect(await readdir(directory)).toEqual([])
    const { keys: texts } = await projectsOn(keys).create({ slug: 'first' })
    const file = await stat(join(directory, 'pepper'))
    expect(file.mode & 0o777).toBe(0o600)
    const kept = await readFile(join(directory, 'pepper'), 'utf8')
    await keys.close()
    expect(await readdir(directory)).toEqual(['pepper', 'postgres'])
    await expect(keys.listProjects()).rejects.toMatchObject({ code: 'shutting_down' })

    const again = pgliteKeys({ path: directory })
    expect(await answer(again, texts.sk)).toBe('ok')
    expect(await readFile(join(directory, 'pepper'), 'utf8')).toBe(kept)
    await again.close()
  })

  it('says which pepper is missing when another one is given', async () => {
    const keys = pgliteKeys({ path: directory, pepper: 'brought by the caller' })
    const [pepper] = await keys.peppers()
    expect(pepper.value).toBe('brought by the caller')
    const [key] = await keys.listKeys((await keys.findProject('first'))?.id ?? '')
    expect(key?.pepper_id).not.toBe(pepper.id)
    await keys.close()
  })

  it('is shared by all stores of the process, whatever they call it, until the last one closes', async () => {
    const link = `${directory}-link`
    await symlink(directory, link)
    const stores = [directory, `${directory}/.`, link].map((path) => pgliteKeys({ path }))
    // A reloaded copy of the module is a stranger to the first one, except for the registry.
    vi.resetModules()
    const copy = await import('../../src/stores/pglite/index.js')
    expect(copy.pgliteKeys).not.toBe(pgliteKeys)
    stores.push(copy.pgliteKeys({ path: directory }))
    await Promise.all(stores.map((store) => store.findProject('first')))
    const [first, ...others] = stores
    await first?.close()
    await first?.close()
    expect(await readdir(directory)).toContain('lock')
    const rows = others.map((store, i) => store.insertProject(bareProject(`shared-${i}`)))
    await Promise.all(rows)
    // Closing and opening at the same time: the newcomer waits for the end of the old instance.
    const closing = Promise.all(others.map((store) => store.close()))
    const next = pgliteKeys({ path: directory })
    expect((await next.listProjects()).length).toBeGreaterThanOrEqual(4)
    await closing
    await next.close()
    expect(await readdir(directory)).not.toContain('lock')
    await rm(link)
  })

  it('is refused to a second process, which says what to do', async () => {
    const keys = pgliteKeys({ path: directory })
    await keys.listProjects()
    const { stdout } = await run(process.execPath, [...node, script, directory])
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'store_in_use',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await keys.close()
  })

  it('keeps what was stored, and its keys, through kill -9, and is taken over', async () => {
    const child = spawn(process.execPath, [...node, script, directory, 'stay'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface(child.stdout), 'line')
    const texts: { sk: string } = JSON.parse(String(line))
    const keys = pgliteKeys({ path: directory })
    expect(await failure(keys.listProjects())).toMatchObject({ code: 'store_in_use' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    // The same store works now: a failed opening is tried again.
    expect(await answer(keys, texts.sk)).toBe('ok')
    await keys.close()
  })

  it('with a damaged pepper file says so', async () => {
    await writeFile(join(directory, 'pepper'), 'oops')
    const keys = pgliteKeys({ path: directory })
    expect(await failure(keys.peppers())).toMatchObject({ code: 'pepper_mismatch' })
    await keys.close()
    expect(await readdir(directory)).not.toContain('lock')
  })
})

describe('one connection', () => {
  let database: PgliteDatabase
  beforeAll(async () => {
    database = await openPglite(undefined)
  })
  afterAll(async () => {
    await database.close()
  })

  it('is held by a transaction alone: a write beside one that rolls back survives', async () => {
    const kysely = await import('kysely')
    const db = new kysely.Kysely<{ t: { a: number } }>({ dialect: sqlDialect(kysely, database.acquire) })
    await kysely.sql`create table t (a int)`.execute(db)
    const order: string[] = []
    let beside: Promise<void> | undefined
    const transaction = db.transaction().execute(async (trx) => {
      await trx.insertInto('t').values({ a: 1 }).execute()
      beside = db
        .insertInto('t')
        .values({ a: 2 })
        .execute()
        .then(() => void order.push('beside'))
      await new Promise((resolve) => setTimeout(resolve, 50))
      await trx.insertInto('t').values({ a: 3 }).execute()
      order.push('inside')
      throw new Error('roll back')
    })
    await expect(transaction).rejects.toThrow('roll back')
    await beside
    expect(order).toEqual(['inside', 'beside'])
    expect(await db.selectFrom('t').selectAll().execute()).toEqual([{ a: 2 }])
  })

  it('goes on after a failed statement, also inside a transaction', async () => {
    const kysely = await import('kysely')
    const db = new kysely.Kysely<{ t: { a: number } }>({ dialect: sqlDialect(kysely, database.acquire) })
    await expect(kysely.sql`selec 1`.execute(db)).rejects.toThrow('syntax')
    const transaction = db.transaction().execute(async (trx) => kysely.sql`select 1 / 0`.execute(trx))
    await expect(transaction).rejects.toThrow('division by zero')
    expect((await kysely.sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  it('puts no bound values on errors', async () => {
    const connection = await database.acquire()
    const error = await failure(connection.query('select $1::int', ['not a number but a secret']))
    connection.release(false)
    expect(Object.keys(error)).not.toContain('params')
  })
})

describe('options', () => {
  it.each(['', 'a\0b', 7])('refuses the path %j', (path) => {
    expect(() => pgliteKeys({ path: path as string })).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    )
  })

  it('refuses a short pepper', () => {
    expect(() => pgliteKeys({ pepper: 'short' })).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    )
  })

  it.each([
    ['@electric-sql/pglite', 'npm install @electric-sql/pglite'],
    ['kysely', 'npm install kysely'],
  ])('names the command when %s is not installed', async (missing, command) => {
    const hook = `export function resolve(name, context, next) {
      if (name === ${JSON.stringify(missing)}) throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    }`
    const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hook))})`
    const path = join(await temporary(), 'new')
    const { stdout } = await run(process.execPath, [...node, '--import', dataUrl(register), script, path])
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'missing_dependency',
      message: expect.stringContaining(command),
    })
    await rm(join(path, '..'), { recursive: true, force: true })
  })

  it('reports a directory that can not be made', async () => {
    const parent = await temporary()
    await writeFile(join(parent, 'file'), '')
    const error = await failure(pgliteKeys({ path: join(parent, 'file', 'below') }).listProjects())
    expect(error).toMatchObject({ code: 'storage_unavailable' })
    await rm(parent, { recursive: true, force: true })
  })
})

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`
}

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}

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
  const clock = Date.now
  return createProjects({ keys, clock, keyManager: createKeyManager({ keys, clock, invalidate: () => {} }) })
}

async function answer(keys: SqlKeyStore, key: string): Promise<string> {
  const auth = createAuthenticator({ keys, clock: Date.now, onDiagnostic: () => {} })
  const request = new Request('https://host.example/', { headers: { authorization: `Bearer ${key}` } })
  try {
    await auth.authenticate(request, { scope: 'ingest', allowQueryKey: false })
    return 'ok'
  } catch (error) {
    return String(error)
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
