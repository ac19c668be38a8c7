import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { randomHex } from '#crypto'
import { AnalyticsError } from '../../errors.js'

/** The pepper kept in the directory, made on first use. The caller holds the directory's lock. */
export async function keptPepper(directory: string): Promise<string> {
  const path = join(directory, 'pepper')
  const kept = await readOptional(path)
  if (kept === undefined) return makePepper(path)
  const pepper = kept.trim()
  if (/^[0-9a-f]{64}$/.test(pepper)) return pepper
  throw new AnalyticsError(
    'pepper_mismatch',
    `The pepper file ${path} is damaged, so no key in this directory can be verified. Restore the file from a ` +
      'backup, or delete it and make new keys.',
  )
}

async function makePepper(path: string): Promise<string> {
  const pepper = randomHex(32)
  const unfinished = `${path}.new`
  const file = await open(unfinished, 'w', 0o600)
  try {
    await file.writeFile(`${pepper}\n`)
    // Keys outlive a power cut only with their pepper.
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
  return pepper
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return undefined
    throw error
  }
}
