import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { AnalyticsError } from '../../errors.js'
import type { AcquireConnection } from '../postgres/dialect.js'
import { lockDirectory } from './directory-lock.js'
import { keptPepper } from './pepper-file.js'

/** One PGlite instance with its single connection, used by everybody in the process who opened its path. */
export interface PgliteDatabase {
  readonly acquire: AcquireConnection
  /** The pepper kept in the directory, made on the first call; undefined in memory. */
  keptPepper(): Promise<string | undefined>
  close(): Promise<void>
}

interface Shared {
  users: number
  readonly opened: Promise<PgliteDatabase>
  closing: Promise<void> | undefined
}

/** Opens the directory, or joins who has it open in this process. Whoever opens closes once. */
export async function openPglite(path: string | undefined): Promise<PgliteDatabase> {
  if (path === undefined) return openInstance(undefined)
  await mkdir(path, { recursive: true, mode: 0o700 })
  const directory = await realpath(path)
  const shared = await enter(directory)
  const database = await shared.opened
  let left = false
  return {
    ...database,
    async close() {
      if (left) return
      left = true
      await leave(directory, shared)
    },
  }
}

async function enter(directory: string): Promise<Shared> {
  const open = registry()
  let shared = open.get(directory)
  while (shared?.closing !== undefined) {
    await shared.closing
    shared = open.get(directory)
  }
  if (shared !== undefined) {
    shared.users++
    return shared
  }
  const created: Shared = { users: 1, opened: openDirectory(directory), closing: undefined }
  open.set(directory, created)
  created.opened.catch(() => open.delete(directory))
  return created
}

async function leave(directory: string, shared: Shared): Promise<void> {
  shared.users--
  if (shared.users > 0) return
  shared.closing = shared.opened
    .then((database) => database.close())
    .finally(() => registry().delete(directory))
  await shared.closing
}

/** Kept outside the module: a reloaded copy would otherwise find its predecessor's lock in the way. */
function registry(): Map<string, Shared> {
  const key = Symbol.for('millimetric.pglite')
  const known: unknown = Reflect.get(globalThis, key)
  if (known instanceof Map) return known
  const created = new Map<string, Shared>()
  Reflect.set(globalThis, key, created)
  return created
}

async function openDirectory(directory: string): Promise<PgliteDatabase> {
  const unlock = await lockDirectory(directory)
  try {
    const database = await openInstance(join(directory, 'postgres'))
    return {
      ...database,
      keptPepper: () => keptPepper(directory),
      async close() {
        try {
          await database.close()
        } finally {
          await unlock()
        }
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}

async function openInstance(dataDir: string | undefined): Promise<PgliteDatabase> {
  const { PGlite } = await loadPglite()
  const pglite = await PGlite.create({
    // The default 128 MB of buffers would double the memory of the process for a few hundred rows.
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=8MB'],
    ...(dataDir === undefined ? {} : { dataDir: `file://${dataDir}` }),
  })
  let last: Promise<void> = Promise.resolve()
  return {
    // All users share one connection, so each holds it alone, a transaction from its begin to its end.
    async acquire() {
      const before = last
      let release = (): void => {}
      last = new Promise((resolve) => {
        release = resolve
      })
      await before
      return {
        async query<R>(text: string, values: unknown[]) {
          try {
            const { rows, affectedRows } = await pglite.query<R>(text, values)
            return { rows, affected: affectedRows }
          } catch (error) {
            // PGlite puts the bound values on its errors; hashes and salts have no place in a log.
            if (error instanceof Object)
              for (const key of ['params', 'query']) Reflect.deleteProperty(error, key)
            throw error
          }
        },
        release,
      }
    },
    keptPepper: async () => undefined,
    close: () => pglite.close(),
  }
}

async function loadPglite(): Promise<typeof import('@electric-sql/pglite')> {
  try {
    return await import('@electric-sql/pglite')
  } catch (cause) {
    throw new AnalyticsError(
      'missing_dependency',
      'The key store needs PGlite: npm install @electric-sql/pglite',
      {
        cause,
      },
    )
  }
}
