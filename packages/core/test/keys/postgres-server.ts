import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import pg from 'pg'

/** A new, empty database on the Postgres server of this test run. */
export interface TestDatabase {
  readonly url: string
  /** What the server has said so far, to all databases of the run. */
  serverLog(): string
  /** Ends every pool that `pool()` made. The database goes with the server. */
  close(): Promise<void>
  pool(config?: pg.PoolConfig): pg.Pool
}

/**
 * Starts the server once per run, for all test files, and makes a database. The server ends by itself with the
 * run. Undefined, after a loud line, where Postgres can't run; an error there when `CI` is set.
 */
export async function createTestDatabase(): Promise<TestDatabase | undefined> {
  const state = await serverState()
  if ('failure' in state) {
    const message = `Postgres can't run here, its tests are SKIPPED: ${state.failure}`
    if (process.env.CI) throw new Error(message)
    console.error(message)
    return undefined
  }
  const name = `test_${randomBytes(6).toString('hex')}`
  const base = `postgres://postgres:postgres@127.0.0.1:${state.port}`
  const admin = new pg.Client(`${base}/postgres`)
  await admin.connect()
  await admin.query(`create database ${name}`)
  await admin.end()
  const url = `${base}/${name}`
  const pools: pg.Pool[] = []
  return {
    url,
    serverLog: () => readFileSync(state.logFile, 'utf8'),
    pool(config = {}) {
      const pool = new pg.Pool({ connectionString: url, ...config })
      pools.push(pool)
      return pool
    },
    async close() {
      await Promise.all(pools.map((pool) => (pool.ended ? undefined : pool.end())))
    },
  }
}

type ServerState = { port: number; logFile: string } | { failure: string }

async function serverState(): Promise<ServerState> {
  // All workers of one run have one parent.
  const run = isMainThread ? process.ppid : process.pid
  const stateFile = join(tmpdir(), `millimetric-postgres-${run}.json`)
  if (claim(stateFile)) {
    const supervisor = fileURLToPath(new URL('./postgres-supervisor.mjs', import.meta.url))
    spawn(process.execPath, [supervisor, String(run), stateFile], { detached: true, stdio: 'ignore' }).unref()
  }
  for (let waited = 0; waited < 50_000; waited += 50) {
    if (existsSync(stateFile)) return parseState(readFileSync(stateFile, 'utf8'))
    await sleep(50)
  }
  return { failure: 'the server did not start within 50 seconds' }
}

function parseState(text: string): ServerState {
  const { port, logFile, failure }: { port?: unknown; logFile?: unknown; failure?: unknown } =
    JSON.parse(text)
  return typeof port === 'number' ? { port, logFile: String(logFile) } : { failure: String(failure) }
}

/** True for the first caller of a run. */
function claim(stateFile: string): boolean {
  const path = `${stateFile}.claim`
  // Left by a run of the same number that was killed together with its server.
  if (!existsSync(stateFile) && existsSync(path) && Date.now() - statSync(path).mtimeMs > 60_000) {
    rmSync(path, { force: true })
  }
  try {
    writeFileSync(path, '', { flag: 'wx' })
    return true
  } catch {
    return false
  }
}
