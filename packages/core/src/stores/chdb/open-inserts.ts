import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenInserts } from '../clickhouse/client.js'

const NAME = /^(\w+)\.(\d+)$/

/**
 * A file for each batch whose insert was begun and has not ended, beside the engine's own: it outlives a process that
 * is killed, and so names exactly the batches that may have reached one table and not the next. A file of its own,
 * because making and removing one is atomic, whatever other inserts do meanwhile. Opened when the directory is held,
 * so what is there now is of a process that is gone.
 */
export async function createOpenInserts(directory: string): Promise<OpenInserts> {
  await mkdir(directory, { recursive: true })
  const left = new Map<string, number[]>()
  for (const name of await readdir(directory)) {
    const [, database, batch] = NAME.exec(name) ?? []
    if (database === undefined || batch === undefined) continue
    left.set(database, [...(left.get(database) ?? []), Number(batch)])
  }
  const settling = new Map<string, Promise<void>>()
  const file = (database: string, batch: number): string => join(directory, `${database}.${batch}`)

  return {
    async begin(database, batch) {
      await writeFile(file(database, batch), '')
    },
    async end(database, batch) {
      await rm(file(database, batch), { force: true })
    },
    async settle(database, complete) {
      const settled = settling.get(database) ?? settle(database, complete)
      settling.set(database, settled)
      // One that failed must not stay, and its files do: nothing may be looked up before it succeeds.
      settled.catch(() => settling.delete(database))
      await settled
    },
  }

  async function settle(
    database: string,
    complete: (batches: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const batches = left.get(database) ?? []
    if (batches.length === 0) return
    await complete(batches)
    left.delete(database)
    for (const batch of batches) await rm(file(database, batch), { force: true })
  }
}
