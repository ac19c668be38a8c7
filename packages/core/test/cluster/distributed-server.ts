import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * One shard, which the engine knows as itself, so that Distributed tables work without a network; and the keeper that
 * ClickHouse tests with, in which Replicated tables can be made (but not filled). There is no ON CLUSTER: nothing in an
 * embedded engine runs its queue.
 */
const CONFIG = `<clickhouse>
  <tcp_port>9000</tcp_port>
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
  <remote_servers><main><shard><internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>9000</port></replica>
  </shard></main></remote_servers>
  <macros><shard>01</shard><replica>one</replica></macros>
</clickhouse>`

export interface DistributedServer {
  url: string
  close(): Promise<void>
}

/** The ClickHouse test server, in a directory with a config.xml, which the embedded engine reads when it starts. */
export async function spawnDistributedServer(): Promise<DistributedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'millimetric-cluster-'))
  writeFileSync(join(directory, 'config.xml'), CONFIG)
  const script = fileURLToPath(new URL('../../../../scripts/clickhouse-server.ts', import.meta.url))
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(script, ['--port', '0', '--path', join(directory, 'data')], {
    cwd: directory,
    execArgv: ['--import', tsx],
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const port = await new Promise<number>((ready, failed) => {
    child.once('message', (message) => ready(Number(message)))
    child.once('exit', (code) => failed(new Error(`The server ended with code ${code} before it was ready`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const ended = new Promise<void>((done) => child.once('exit', () => done()))
      // A keeper of tests does not go down in order; nothing in this directory is kept.
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
