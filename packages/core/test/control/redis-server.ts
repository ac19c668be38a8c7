import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

export interface RedisServer {
  readonly url: string
  readonly process: ChildProcess
  /** Ends the server by its id. */
  stop(): Promise<void>
}

/**
 * Starts a Redis or Valkey server of its own, on a free port if none is given, holding nothing on disk. Undefined, after a loud
 * line, where neither is installed; an error there when `CI` is set.
 */
export async function startRedis(onPort?: number): Promise<RedisServer | undefined> {
  const binary = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  )
  if (binary === undefined) {
    const message = 'Neither redis-server nor valkey-server is installed, the tests on one are SKIPPED.'
    if (process.env.CI) throw new Error(message)
    console.error(message)
    return undefined
  }
  const port = onPort ?? (await freePort())
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${binary} ended with code ${code}`)))
    child.stdout.on('data', (text) => {
      if (String(text).includes('Ready to accept connections')) resolve()
    })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    process: child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  server.close()
  await once(server, 'close')
  return port
}
