import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build as tsup } from 'tsup'
import { withLock } from './lock.js'
import { entriesOf, missingEntries, type Package, ROOT, readPackages, shortPath } from './packages.js'

// Outside dist, so that nothing of it is published; `npm ci` empties it, which only costs a rebuild.
const CACHE = join(ROOT, 'node_modules/.cache/millimetric-build')

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { force: { type: 'boolean' } } })
  return withLock(join(CACHE, 'lock'), () => buildAll(values.force ?? false))
}

async function buildAll(force: boolean): Promise<number> {
  const started = performance.now()
  const packages = readPackages()
  const incomplete = packages.filter((part) => missingEntries(part).length > 0)
  for (const part of incomplete) {
    for (const { source, named } of missingEntries(part)) {
      console.error(
        `${part.name}: ${shortPath(join(part.dir, source))} is missing, named by "${named}" in its package.json`,
      )
    }
  }
  const stale = packages.filter((part) => !incomplete.includes(part) && (force || !isFresh(part)))
  const stamps = new Map(stale.map((part) => [part, fingerprint(part)]))
  for (const part of stale) clean(part)
  const emitted = stale.length === 0 || (await emitTypes(stale))
  const bundled = await Promise.all(stale.map(bundle))
  const ok = emitted && bundled.every((done) => done) && incomplete.length === 0
  if (emitted) {
    stale.forEach((part, index) => {
      if (bundled[index]) writeFileSync(stampPath(part), stamps.get(part) ?? '')
    })
  }
  if (stale.length > 0) {
    const names = stale.map((part) => part.name.replace('@millimetric/', '')).join(', ')
    console.error(
      `${ok ? 'Built' : 'Build FAILED'}: ${names} in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    )
  }
  return ok ? 0 : 1
}

function isFresh(part: Package): boolean {
  const stamp = stampPath(part)
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint(part)) return false
  return entriesOf(part).every(({ output }) =>
    ['.js', '.d.ts'].every((ending) => existsSync(join(part.dir, 'dist', output + ending))),
  )
}

/** Declarations are isolated and packages stay external, so a build depends on its own sources only. */
function fingerprint(part: Package): string {
  const hash = createHash('sha256')
  const own = readdirSync(join(part.dir, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => join(part.dir, 'src', file))
  const shared = [
    'tsconfig.base.json',
    'scripts/build/main.ts',
    'scripts/build/packages.ts',
    'node_modules/tsup/package.json',
  ]
  const files = [
    ...shared.map((file) => join(ROOT, file)),
    join(part.dir, 'package.json'),
    join(part.dir, 'tsconfig.build.json'),
    ...own,
  ]
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

/** `tsc -b` believes its build info over the folder, so both go together. */
function clean(part: Package): void {
  mkdirSync(dirname(stampPath(part)), { recursive: true })
  for (const path of [
    stampPath(part),
    join(part.dir, 'tsconfig.build.tsbuildinfo'),
    join(part.dir, 'dist'),
  ]) {
    rmSync(path, { recursive: true, force: true })
  }
}

function stampPath(part: Package): string {
  return join(CACHE, `${part.name.replace('/', '-')}.sha256`)
}

function emitTypes(stale: Package[]): Promise<boolean> {
  const projects = stale.map((part) => join(part.dir, 'tsconfig.build.json'))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [tsc, '-b', ...projects], { cwd: ROOT, stdio: ['ignore', 2, 2] })
    child.once('error', failed)
    child.once('exit', (code) => done(code === 0))
  })
}

async function bundle(part: Package): Promise<boolean> {
  try {
    await tsup({
      config: false,
      silent: true,
      entry: Object.fromEntries(
        entriesOf(part).map(({ source, output }) => [output, join(part.dir, source)]),
      ),
      outDir: join(part.dir, 'dist'),
      tsconfig: join(part.dir, 'tsconfig.build.json'),
      format: 'esm',
      target: 'node20',
      dts: false,
      clean: false,
      splitting: true,
      sourcemap: true,
      // Without the prefix Deno and Workers don't know the module, and the check can't find it.
      removeNodeProtocol: false,
      // Other packages and `#crypto` are resolved where the code runs, by that runtime's conditions.
      skipNodeModulesBundle: true,
    })
    return true
  } catch (error) {
    console.error(`${part.name}: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}
