import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomHex } from '#crypto'
import { AnalyticsError } from '../../errors.js'

// A takeover lasts milliseconds; one that is older than this was cut off.
const TURN_MS = 1_000
const ATTEMPTS = 100

/**
 * Takes a directory for this process and returns the function that gives it back. Throws `store_in_use` while
 * a living process holds it. A lock whose process is gone is taken over. Processes are told apart on one
 * machine (or in one container) only.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock')
  const own = JSON.stringify({
    pid: process.pid,
    started: await startOf(process.pid),
    token: randomHex(8),
  })
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await create(path, own)) {
      return async () => {
        if ((await read(path)) === own) await rm(path, { force: true })
      }
    }
    const held = await read(path)
    if (held === undefined) continue
    const pid = await holder(held)
    if (pid !== undefined) throw inUse(directory, pid)
    await takeAway(path)
  }
  throw inUse(directory, undefined)
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

/** The lock's text, or undefined when there is no lock. Its writer creates it before filling it. */
async function read(path: string): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      const text = await readFile(path, 'utf8')
      if (text.endsWith('}') || attempt === 5) return text
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined
      throw error
    }
    await sleep(20)
  }
}

/** The process that holds the lock, or undefined when it is gone. */
async function holder(text: string): Promise<number | undefined> {
  const { pid, started } = parse(text)
  if (pid === undefined || !isAlive(pid)) return undefined
  // The number may belong to another process by now: after a restart a container's first one is always 1.
  return started === (await startOf(pid)) ? pid : undefined
}

/**
 * Removes the lock when its holder is gone. One process at a time does so: two that had both read a dead lock
 * could otherwise remove each other's new one.
 */
async function takeAway(path: string): Promise<void> {
  const turn = `${path}.takeover`
  if (!(await create(turn, ''))) {
    await sleep(20)
    if (Date.now() - (await lastChange(turn)) > TURN_MS) await rm(turn, { force: true })
    return
  }
  try {
    const held = await read(path)
    if (held !== undefined && (await holder(held)) === undefined) await rm(path, { force: true })
  } finally {
    await rm(turn, { force: true })
  }
}

async function lastChange(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch {
    return Date.now()
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function parse(text: string): { pid: number | undefined; started: unknown } {
  try {
    const { pid, started }: { pid?: unknown; started?: unknown } = JSON.parse(text)
    const valid = typeof pid === 'number' && Number.isInteger(pid) && pid > 0
    return { pid: valid ? pid : undefined, started }
  } catch {
    // Torn by a crash while it was written.
    return { pid: undefined, started: undefined }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not allowed to signal it: it lives, under another user.
    return isCode(error, 'EPERM')
  }
}

/** What tells a process from an earlier one of the same number; empty where the system does not say. */
async function startOf(pid: number): Promise<string> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // Field 22 is the start time; the second field is a name in brackets that may hold anything.
    return `${boot.trim()}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return ''
  }
}

function inUse(directory: string, pid: number | undefined): AnalyticsError {
  const who = pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
  return new AnalyticsError(
    'store_in_use',
    `The PGlite directory ${directory} is open in ${who}; only one process may open it. Stop that process, give ` +
      'this one another path, or use a Postgres server with postgresKeys() for several processes.',
    { details: { pid: pid ?? null } },
  )
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
