import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'

const cache = fileURLToPath(new URL('../../node_modules/.cache/millimetric/', import.meta.url))

/** Makes PGlite's first start, of which each costs eight seconds of CPU, once for all tests; vitest calls this before them. */
export async function setup(): Promise<void> {
  const prepared = await preparedFolder()
  if (await exists(prepared)) return
  await mkdir(cache, { recursive: true })
  const made = await mkdtemp(join(cache, 'making-'))
  const pglite = await PGlite.create({ dataDir: `file://${join(made, 'postgres')}` })
  await pglite.close()
  try {
    await rename(made, prepared)
  } catch (error) {
    // Another run was quicker.
    if (!(await exists(prepared))) throw error
    await rm(made, { recursive: true })
  }
}

/** Gives a data folder that has not been used yet what PGlite makes on its first start: an empty cluster, nothing of ours. */
export async function startedBefore(data: string): Promise<void> {
  await cp(await preparedFolder(), join(data, 'keys'), { recursive: true })
}

async function preparedFolder(): Promise<string> {
  const require = createRequire(import.meta.url)
  const entry = dirname(require.resolve('@electric-sql/pglite'))
  const { version }: { version: string } = require(join(entry, '..', 'package.json'))
  return join(cache, `pglite-${version}`)
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
