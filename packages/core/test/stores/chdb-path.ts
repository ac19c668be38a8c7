import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One data directory per test process: chDB binds no second one. Tests are kept apart by database name. */
export const CHDB_PATH: string = mkdtempSync(join(tmpdir(), 'millimetric-chdb-'))

process.on('exit', () => rmSync(CHDB_PATH, { recursive: true, force: true }))

let databases = 0

/** A database name that no other test of the process uses. */
export function freshDatabase(): string {
  databases += 1
  return `test_${process.pid}_${databases}`
}
