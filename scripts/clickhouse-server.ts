import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { openEngine } from './clickhouse-server/engine.js'
import { createFaults, type Fault } from './clickhouse-server/fault.js'
import { createHttpServer, type ServerStats } from './clickhouse-server/http.js'

export interface ClickhouseServerOptions {
  /** Data directory; a temporary one, removed at the end, when absent. chDB allows one a process. */
  path?: string
  /** 0 or absent: any free port. */
  port?: number
  /** How long an idle socket is kept; 3000 like ClickHouse Cloud. */
  keepAliveMs?: number
  password?: string
}

export interface ClickhouseServer {
  url: string
  port: number
  /** Arms a fault for the next statements. */
  fault(fault: Fault): Promise<void>
  clearFaults(): Promise<void>
  stats(): Promise<ServerStats>
  close(): Promise<void>
}

/** ClickHouse's HTTP interface in front of chDB, in this process. */
export async function startClickhouseServer(
  options: ClickhouseServerOptions = {},
): Promise<ClickhouseServer> {
  const path = options.path ?? mkdtempSync(join(tmpdir(), 'millimetric-clickhouse-'))
  const engine = await openEngine(path)
  const faults = createFaults()
  const stats: ServerStats = { connections: 0, statements: 0 }
  const server = createHttpServer(
    { engine, faults, stats, password: options.password },
    options.keepAliveMs ?? 3000,
  )
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    server.listen(options.port ?? 0, '127.0.0.1', done)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no TCP port')
  const { port } = address
  return connectControl(port, async () => {
    server.close()
    server.closeAllConnections()
    await engine.close()
    if (options.path === undefined) rmSync(path, { recursive: true, force: true })
  })
}

/** The same server in a process of its own, as tests want it; it ends with `close()` or with this process. */
export async function spawnClickhouseServer(
  options: ClickhouseServerOptions = {},
): Promise<ClickhouseServer> {
  const args = Object.entries({ port: 0, ...options }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ])
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(fileURLToPath(import.meta.url), args, {
    execArgv: ['--import', tsx],
    // chDB runs each statement on a libuv thread: KILL QUERY needs a free one beside heavy queries.
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const port = await new Promise<number>((ready, failed) => {
    child.once('message', (message) => ready(Number(message)))
    child.once('exit', (code) =>
      failed(new Error(`The ClickHouse test server ended with code ${code} before it was ready`)),
    )
  })
  child.removeAllListeners('exit')
  // A test run that forgets close() must still be able to end.
  child.unref()
  child.channel?.unref()
  return connectControl(port, async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((done) => child.once('exit', () => done()))
    child.ref()
    child.kill('SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(killer)
  })
}

function connectControl(port: number, close: () => Promise<void>): ClickhouseServer {
  const url = `http://127.0.0.1:${port}`
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${url}${path}`, init)
  let closing: Promise<void> | undefined
  return {
    url,
    port,
    fault: async (fault) => void (await ask('/__fault', { method: 'POST', body: JSON.stringify(fault) })),
    clearFaults: async () => void (await ask('/__fault', { method: 'DELETE' })),
    stats: async () => (await ask('/__stats')).json(),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      path: { type: 'string' },
      port: { type: 'string' },
      keepAliveMs: { type: 'string' },
      password: { type: 'string' },
    },
  })
  const { path, password } = values
  const server = await startClickhouseServer({
    ...(path === undefined ? {} : { path }),
    ...(password === undefined ? {} : { password }),
    port: Number(values.port ?? 8123),
    keepAliveMs: Number(values.keepAliveMs ?? 3000),
  })
  const stop = (): void => void server.close().finally(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.once('disconnect', stop)
  if (process.send) process.send(server.port)
  console.log(`ClickHouse's HTTP interface is ready at ${server.url}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
