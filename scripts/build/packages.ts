import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Manifest {
  name: string
  version: string
  description?: string
  license?: string
  files?: string[]
  sideEffects?: unknown
  type?: string
  exports?: unknown
  imports?: unknown
  bin?: Record<string, string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

export interface Package {
  name: string
  /** Absolute folder. */
  dir: string
  manifest: Manifest
}

export interface Entry {
  /** Source below the package, `src/stores/memory/index.ts`. */
  source: string
  /** Output without its ending, `stores/memory/index`. */
  output: string
  /** Where the manifest names it. */
  named: string
}

export const ROOT: string = join(import.meta.dirname, '../..')

export function readPackages(root: string = ROOT): Package[] {
  const folder = join(root, 'packages')
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((dir) => existsSync(join(dir, 'package.json')))
    .map((dir) => {
      const manifest: Manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
      return { name: manifest.name, dir, manifest }
    })
}

/** Every source file the manifest promises to build: exports, `#imports` and bins. */
export function entriesOf({ manifest }: Package): Entry[] {
  const found = new Map<string, Entry>()
  const add = (path: string, named: string): void => {
    const output = path.replace(/^\.\/(src|dist)\//, '').replace(/\.(ts|js)$/, '')
    if (!found.has(output)) found.set(output, { source: `src/${output}.ts`, output, named })
  }
  for (const [field, value] of [
    ['exports', manifest.exports],
    ['imports', manifest.imports],
  ] as const) {
    for (const [key, path] of leaves(value)) {
      if (/^\.\/(src\/.*\.ts|dist\/.*\.js)$/.test(path)) add(path, `${field} ${key}`)
    }
  }
  for (const [name, path] of Object.entries(manifest.bin ?? {}))
    add(path.replace(/^(?!\.\/)/, './'), `bin ${name}`)
  return [...found.values()]
}

/** The paths at the ends of a conditions tree, each with the first key above it. */
export function leaves(value: unknown, top = ''): [key: string, path: string][] {
  if (typeof value === 'string') return [[top, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, top === '' ? key : top))
}

export function missingEntries(part: Package): Entry[] {
  return entriesOf(part).filter((entry) => !existsSync(join(part.dir, entry.source)))
}

export function shortPath(path: string): string {
  return relative(ROOT, path)
}
