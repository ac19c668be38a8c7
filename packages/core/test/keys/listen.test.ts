import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Analytics, createAnalytics, type Diagnostic } from '../../src/index.js'
import { memoryEvents } from '../../src/stores/memory/index.js'
import { type PostgresPool, postgresKeys } from '../../src/stores/postgres/index.js'
import { createTestDatabase, type TestDatabase } from './postgres-server.js'

const PEPPER = 'a pepper for the tests'
let database: TestDatabase | undefined
let counter = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database?.close()
})
beforeEach(({ skip }) => {
  if (database === undefined) skip()
})

interface Process {
  analytics: Analytics
  diagnostics: Diagnostic[]
  /** Kinds of changes that were heard of. */
  heard: string[]
  status(key: string, path?: string): Promise<number>
}

function start(schema: string, { listen, line }: { listen?: boolean; line?: Line } = {}): Process {
  if (database === undefined) throw new Error('no database')
  const diagnostics: Diagnostic[] = []
  const real = database.pool()
  const pool: PostgresPool =
    line === undefined
      ? real
      : {
          connect: () => real.connect(),
          on: (event, listener) => real.on(event, listener),
          options: { connectionString: line.url },
        }
  const heard: string[] = []
  const keys = postgresKeys({ pool, pepper: PEPPER, schema, ...(listen === undefined ? {} : { listen }) })
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: {
      ...keys,
      watch: async (onChange) =>
        (await keys.watch?.((change) => {
          heard.push(change.kind)
          onChange(change)
        })) ?? (async () => {}),
    },
    keyCacheTtlMs: 300_000,
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
  })
  return {
    analytics,
    diagnostics,
    heard,
    async status(key, path = '/v1/stats?range=7d') {
      const headers = { authorization: `Bearer ${key}` }
      return (await analytics.handler(new Request(`http://x${path}`, { headers }))).status
    },
  }
}

/** A line to the server that can go dead without either end hearing of it. */
interface Line {
  readonly url: string
  readonly connections: Socket[]
  /** How many of the next connections are accepted and never answered. */
  swallowNext: number
  freeze(): void
  close(): Promise<void>
}

async function startLine(to: URL): Promise<Line> {
  const far: Socket[] = []
  const server = createServer((near) => {
    near.on('error', () => {})
    line.connections.push(near)
    if (line.swallowNext > 0) {
      line.swallowNext--
      return
    }
    const server = connect(Number(to.port), to.hostname)
    server.on('error', () => {})
    far.push(server)
    near.pipe(server).pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(to)
  url.port = String(typeof address === 'object' ? address?.port : 0)
  const line: Line = {
    url: url.href,
    connections: [],
    swallowNext: 0,
    freeze() {
      for (const socket of [...line.connections, ...far]) socket.unpipe()
    },
    async close() {
      for (const socket of [...line.connections, ...far]) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return line
}

const newSchema = (): string => `listen_${++counter}`

async function listeners(): Promise<number> {
  const pool = database?.pool()
  const { rows } = (await pool?.query(
    `select count(*)::int as n from pg_stat_activity where query = 'listen millimetric' and datname = current_database()`,
  )) ?? { rows: [] }
  return rows[0]?.n
}

describe('a change in one process', () => {
  it('is felt in the others: a revocation in far less than 5 seconds, a rotation, a new project', async () => {
    const schema = newSchema()
    const [one, two] = [start(schema), start(schema)]
    const { project, keys } = await one.analytics.projects.create({ slug: 'p' })
    const sk = (await one.analytics.keys.list(project.id)).find(({ kind }) => kind === 'sk')
    expect(await two.status(keys.sk)).toBe(200)
    expect(await two.status(keys.rk)).toBe(200)
    await expect.poll(listeners, { timeout: 10_000 }).toBeGreaterThan(0)
    // The second process has it cached for five minutes.
    const started = performance.now()
    await one.analytics.keys.revoke(project.id, sk?.id ?? '')
    await expect.poll(() => two.status(keys.sk), { interval: 5, timeout: 5_000 }).toBe(401)
    expect(performance.now() - started).toBeLessThan(5_000)
    expect(await two.status(keys.rk)).toBe(200)

    const rk = (await one.analytics.keys.list(project.id)).find(({ kind }) => kind === 'rk')
    const rotated = await one.analytics.keys.rotate(project.id, rk?.id ?? '', { overlap_s: 0 })
    await expect.poll(() => two.status(keys.rk), { timeout: 5_000 }).toBe(401)
    expect(await two.status(rotated.secret)).toBe(200)
    await one.analytics.close()
    await two.analytics.close()
  })

  it('is felt when it is made by hand in SQL, and last_used_at tells nobody anything', async () => {
    const schema = newSchema()
    const one = start(schema)
    const { project, keys } = await one.analytics.projects.create({ slug: 'p' })
    expect(await one.status(keys.sk)).toBe(200)
    await expect.poll(listeners, { timeout: 10_000 }).toBeGreaterThan(0)
    const client = await database?.pool().connect()
    const heard: unknown[] = []
    client?.on('notification', ({ payload }) => heard.push(JSON.parse(payload ?? '')))
    await client?.query('listen millimetric')
    await client?.query(`update ${schema}.api_keys set last_used_at = now()`)
    expect(heard).toEqual([])
    await client?.query(`update ${schema}.api_keys set revoked_at = now() where kind = 'sk'`)
    await expect.poll(() => one.status(keys.sk), { timeout: 5_000 }).toBe(401)
    await client?.query(`update ${schema}.projects set allowed_origins = '{https://new.test}'`)
    await expect.poll(() => heard).toContainEqual({ schema, project_id: project.id })
    expect(JSON.stringify(heard)).not.toContain(keys.sk.slice(-43))
    client?.release(true)
    await one.analytics.close()
  })

  it('is not missed while the connection was down', async () => {
    const schema = newSchema()
    const [one, two] = [start(schema), start(schema)]
    const { project, keys } = await one.analytics.projects.create({ slug: 'p' })
    expect(await two.status(keys.sk)).toBe(200)
    await expect.poll(() => two.heard, { timeout: 10_000 }).toEqual(['missed'])
    expect(await two.status(keys.sk)).toBe(200)
    const sk = (await one.analytics.keys.list(project.id)).find(({ kind }) => kind === 'sk')
    await database
      ?.pool()
      .query(
        `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen millimetric' and datname = current_database()`,
      )
    await one.analytics.keys.revoke(project.id, sk?.id ?? '')
    await expect.poll(() => two.status(keys.sk), { timeout: 20_000 }).toBe(401)
    await one.analytics.close()
    await two.analytics.close()
  })

  it('is not missed when the connection dies silently, and the next one hangs', async () => {
    const schema = newSchema()
    const line = await startLine(new URL(database?.url ?? ''))
    const one = start(schema)
    const two = start(schema, { line })
    const { project, keys } = await one.analytics.projects.create({ slug: 'p' })
    expect(await two.status(keys.sk)).toBe(200)
    await expect.poll(() => two.heard, { timeout: 10_000 }).toEqual(['missed'])
    expect(await two.status(keys.sk)).toBe(200)
    // Nothing goes through any more, and nobody is told.
    line.freeze()
    line.swallowNext = 1
    const sk = (await one.analytics.keys.list(project.id)).find(({ kind }) => kind === 'sk')
    await one.analytics.keys.revoke(project.id, sk?.id ?? '')
    expect(await two.status(keys.sk)).toBe(200)
    await expect.poll(() => two.status(keys.sk), { timeout: 25_000 }).toBe(401)
    expect(line.connections.length).toBeGreaterThanOrEqual(3)
    expect(await two.status(keys.rk)).toBe(200)
    await one.analytics.close()
    await two.analytics.close()
    await line.close()
  })

  it('waits for the cache where nobody listens, and close() leaves no connection', async () => {
    const schema = newSchema()
    const [one, two] = [start(schema), start(schema, { listen: false })]
    const { project, keys } = await one.analytics.projects.create({ slug: 'p' })
    expect(await one.status(keys.sk)).toBe(200)
    expect(await two.status(keys.sk)).toBe(200)
    const sk = (await one.analytics.keys.list(project.id)).find(({ kind }) => kind === 'sk')
    await one.analytics.keys.revoke(project.id, sk?.id ?? '')
    expect(await one.status(keys.sk)).toBe(401)
    expect(await two.status(keys.sk)).toBe(200)
    await one.analytics.close()
    await two.analytics.close()
    await expect.poll(listeners, { timeout: 10_000 }).toBe(0)
  })
})

it('a database that refuses to listen is reported and costs nothing else', async () => {
  const schema = newSchema()
  const working = start(schema)
  const { keys } = await working.analytics.projects.create({ slug: 'p' })
  const pool = database?.pool()
  if (pool === undefined) return
  const diagnostics: Diagnostic[] = []
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: postgresKeys({
      pool: {
        connect: () => pool.connect(),
        on: (event, listener) => pool.on(event, listener),
        options: { host: '127.0.0.1', port: 1, password: 'hunter2hunter2' },
      },
      pepper: PEPPER,
      schema,
    }),
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
  })
  const headers = { authorization: `Bearer ${keys.sk}` }
  const answer = await analytics.handler(new Request('http://x/v1/stats?range=7d', { headers }))
  expect(answer.status).toBe(200)
  await expect.poll(() => diagnostics).toMatchObject([{ kind: 'key_store_failed', operation: 'watch' }])
  expect(JSON.stringify(diagnostics)).not.toContain('hunter2')
  await analytics.close()
  await working.analytics.close()
})
