import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { leaves, type Package } from '../build/packages.js'
import { type Import, listFiles, readImports } from './imports.js'
import { CORE_ROOMS, FOREIGN, PACKAGE_ARROWS } from './layers.js'

/** Problems of the import graph of these packages' sources: cycles, upward arrows, undeclared modules. */
export function checkGraph(packages: readonly Package[]): string[] {
  return packages.flatMap((part) => {
    const src = join(part.dir, 'src')
    const targets = new Map<string, string[]>()
    const problems: string[] = []
    for (const file of listFiles(src, ['.ts', '.tsx'])) {
      const at = `${part.name} ${relative(part.dir, file)}`
      const next: string[] = []
      for (const found of readImports(file)) {
        const inside = resolveInside(part, file, found.specifier)
        if (inside === undefined) {
          problems.push(...checkOutside(part, found).map((problem) => `${at}: ${problem}`))
          continue
        }
        for (const target of inside) {
          if (!existsSync(target)) problems.push(`${at}: ${found.specifier} names no source file`)
          else if (part.name === '@millimetric/core') {
            problems.push(
              ...checkRooms(relative(src, file), relative(src, target)).map((problem) => `${at}: ${problem}`),
            )
          }
          if (!found.typeOnly) next.push(target)
        }
      }
      targets.set(file, next)
    }
    const cycle = findCycle(targets)
    if (cycle) problems.push(`${part.name}: cycle ${cycle.map((file) => relative(src, file)).join(' → ')}`)
    return problems
  })
}

function resolveInside(part: Package, file: string, specifier: string): string[] | undefined {
  if (specifier.startsWith('.')) return [join(dirname(file), specifier.replace(/\.js$/, '.ts'))]
  if (!specifier.startsWith('#')) return undefined
  const imports = part.manifest.imports
  const value = typeof imports === 'object' && imports !== null ? Object.entries(imports) : []
  return value
    .filter(([key]) => key === specifier)
    .flatMap(([, tree]) => leaves(tree))
    .filter(([, path]) => path.startsWith('./src/'))
    .map(([, path]) => join(part.dir, path))
}

function checkOutside(part: Package, { specifier, typeOnly }: Import): string[] {
  const name = packageName(specifier)
  if (name.startsWith('@millimetric/')) {
    if (name === part.name) return [`imports its own package ${specifier}; use a relative path`]
    const allowed = PACKAGE_ARROWS[part.name]?.[specifier]
    if (!allowed) return [`may not import ${specifier}`]
    if (allowed === 'type' && !typeOnly) return [`may import only types from ${specifier}`]
  } else {
    const only = FOREIGN[part.name]
    if (only && !only.includes(name)) return [`may not import ${specifier}`]
    if (name.startsWith('node:')) return []
  }
  const { dependencies, peerDependencies } = part.manifest
  return name in { ...dependencies, ...peerDependencies }
    ? []
    : [`${name} is neither a dependency nor a peer`]
}

function checkRooms(from: string, to: string): string[] {
  const [source, target] = [roomOf(from), roomOf(to)]
  if (source === target) return []
  const allowed = CORE_ROOMS[source]
  if (!allowed) return [`room ${source} is unknown; give it a place in scripts/check/layers.ts`]
  const folder = target.split('/')[0] ?? target
  if (allowed.includes(target) || allowed.includes(folder)) return []
  return [`${source} may not look up to ${target}`]
}

function roomOf(path: string): string {
  const [first = '', second = ''] = path.replace(/\.tsx?$/, '').split('/')
  return first === 'stores' ? `${first}/${second}` : first
}

export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** The first cycle found, closed by its first file. */
export function findCycle(targets: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] | undefined => {
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    if (done.has(file)) return undefined
    path.push(file)
    for (const next of targets.get(file) ?? []) {
      const cycle = visit(next)
      if (cycle) return cycle
    }
    path.pop()
    done.add(file)
    return undefined
  }
  for (const file of targets.keys()) {
    const cycle = visit(file)
    if (cycle) return cycle
  }
  return undefined
}
