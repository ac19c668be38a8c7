import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomUuid } from '#crypto'

/** Who has the engine of a directory open, among those that can: threads and realms of one process. */
export interface Holder {
  /** Whether nobody else has had it open since this one joined; asks the directory, in about ten microseconds. */
  isAlone(): boolean
  /** The engine is open, so no other process has it: what such have left behind goes. */
  opened(): void
  /** Nothing of this one is under way any more. */
  leave(): void
}

const FOLDER = 'millimetric-holders'
const LEFT = '_left'
/** Two moments that are both the start of this process differ by the time it takes to ask for them. */
const SAME_START_MS = 100

/**
 * Joins before anything is written. Another worker thread, or another realm of the same thread, finds no engine on its own
 * `globalThis` and opens one, which the library allows within a process: both write to the same tables, and neither knows
 * of the other's writes. The one thing they share is the directory.
 */
export function joinHolders(directory: string): Holder {
  const folder = join(directory, FOLDER)
  const [process_id, start] = [process.pid, startOfProcess()]
  const own = `${process_id}_${start}_${randomUuid()}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, own), '')
  const gone = new Set(readdirSync(folder).filter((name) => name.endsWith(LEFT)))
  let alone = true

  function isOfThisProcess(name: string): boolean {
    const [id, began] = name.split('_').map(Number)
    // The number alone does not tell: in a container each process has the one that the dead one had.
    return id === process_id && Math.abs(Number(began) - start) < SAME_START_MS
  }

  /** Those who were there meanwhile too: somebody who came, wrote and left between two questions has written. */
  function others(): string[] {
    return readdirSync(folder).filter((name) => name !== own && isOfThisProcess(name) && !gone.has(name))
  }

  return {
    isAlone() {
      try {
        alone &&= others().length === 0
      } catch {
        // Somebody has removed the directory: nobody knows any more.
        alone = false
      }
      return alone
    },
    opened() {
      for (const name of readdirSync(folder))
        if (!isOfThisProcess(name)) rmSync(join(folder, name), { force: true })
    },
    leave() {
      if (others().some((name) => !name.endsWith(LEFT)))
        return renameSync(join(folder, own), join(folder, own + LEFT))
      for (const name of [own, ...gone]) rmSync(join(folder, name), { force: true })
    },
  }
}

/** Milliseconds of the clock that no one sets; the same in all threads. */
function startOfProcess(): number {
  return Math.round(Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1000)
}
