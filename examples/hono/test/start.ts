import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'

/** A program of an example that runs in a process of its own, as chDB wants one data folder a process. */
export interface Running {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Waits until what was printed matches; rejects when the program ends before. */
  printed(stream: 'stdout' | 'stderr', pattern: RegExp, ms?: number): Promise<RegExpExecArray>
  /** Resolves with the exit code when the program ends by itself. */
  ended(): Promise<number | null>
  /** Sends a signal and waits for the end. */
  stop(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>
}

/** Starts node with these arguments in `cwd`. */
export function start(cwd: string, args: string[], env: Record<string, string>): Running {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', INIT_CWD: cwd, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const seen = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      seen[stream] += chunk.toString()
      child.emit('printed')
    })
  }
  const end = new Promise<number | null>((resolve) => child.once('close', resolve))

  return {
    child,
    stdout: () => seen.stdout,
    stderr: () => seen.stderr,
    printed(stream, pattern, ms = 120_000) {
      return new Promise((resolve, reject) => {
        const finish = (): void => {
          clearTimeout(timer)
          child.off('printed', look).off('close', gone)
        }
        const fail = (why: string): void => {
          finish()
          reject(
            new Error(
              `${args.join(' ')} ${why} before it printed ${pattern}\n${seen.stdout}\n${seen.stderr}`,
            ),
          )
        }
        const gone = (): void => fail('ended')
        const look = (): void => {
          const match = pattern.exec(seen[stream])
          if (!match) return
          finish()
          resolve(match)
        }
        const timer = setTimeout(() => fail(`took ${ms} ms`), ms)
        child.on('printed', look).on('close', gone)
        if (child.exitCode !== null) gone()
        else look()
      })
    },
    ended: () => end,
    stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      return end
    },
  }
}

/** Sends JSON with a key. */
export function post(
  url: string,
  key: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** Reads JSON with a key. */
export async function read(
  url: string,
  key: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
  const body: Record<string, unknown> = await response.json()
  return { status: response.status, body }
}

/** The single value of a stats answer. */
export async function value(url: string, key: string): Promise<number> {
  const { status, body } = await read(url, key)
  const { rows } = body
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined
  if (typeof row === 'object' && row !== null && 'value' in row && typeof row.value === 'number')
    return row.value
  throw new Error(`no value in ${status} ${JSON.stringify(body)}`)
}

export interface Ready {
  url: string
  project_id: string
  keys: { pk: string; sk: string; rk: string }
}

/** The line that `--json` prints. */
export function parseReady(line: string): Ready {
  const ready: Ready = JSON.parse(line)
  return ready
}

/** A port that is free now, for programs that can't tell which one they took. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject()))
    })
  })
}
