import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { type Package, ROOT } from '../build/packages.js'
import { packageName } from './graph.js'
import { listFiles, readImports } from './imports.js'

const run = promisify(execFile)

export async function checkPublint(part: Package): Promise<string[]> {
  const { messages, pkg } = await publint({ pkgDir: part.dir, strict: true, pack: 'npm' })
  return messages.map(
    (message) => `${part.name}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  )
}

export async function checkTypes(part: Package): Promise<string[]> {
  const attw = join(ROOT, 'node_modules/.bin/attw')
  try {
    await run(attw, [
      '--pack',
      part.dir,
      '--profile',
      'esm-only',
      '--no-color',
      '--no-emoji',
      '--format',
      'ascii',
    ])
    return []
  } catch (error) {
    const text = error instanceof Error && 'stdout' in error ? `${error.stdout}` : String(error)
    return [`${part.name}: attw\n${text.trim().replaceAll(/^/gm, '      ')}`]
  }
}

/** The root of core runs on Workers and browsers' edges too: nothing it loads at once may need Node. */
export function checkCoreRoot(part: Package): string[] {
  return behind(join(part.dir, 'dist/index.js')).flatMap((file) =>
    readImports(file)
      .filter(({ specifier }) => specifier.startsWith('node:'))
      .map(({ specifier }) => `${part.name}: ${relative(part.dir, file)} loads ${specifier}`),
  )
}

/** The MCP SDK is optional: only its own entry may name it, and loads it when it is asked. */
export function checkNoMcp(part: Package): string[] {
  const dist = join(part.dir, 'dist')
  const names = (file: string, dynamic: boolean): boolean =>
    readImports(file).some(
      (one) => one.specifier.startsWith('@modelcontextprotocol/') && (dynamic || !one.dynamic),
    )
  return [
    ...behind(join(dist, 'index.js')).filter((file) => names(file, true)),
    ...behind(join(dist, 'mcp/index.js')).filter((file) => names(file, false)),
  ].map((file) => `${part.name}: ${relative(part.dir, file)} loads the MCP SDK`)
}

/** zod is 13 to 90 KB of script, which a page or a small server would pay for nothing. */
export function checkNoZod(part: Package): string[] {
  return withoutZod(part, listFiles(join(part.dir, 'dist'), ['.js', '.d.ts']))
}

/** What SDKs import of the schema, with all that it loads and all its types. */
export function checkZodFree(part: Package, entries: readonly string[]): string[] {
  const files = entries.flatMap((entry) =>
    ['.js', '.d.ts'].flatMap((ending) => behind(join(part.dir, 'dist', entry + ending))),
  )
  return withoutZod(part, [...new Set(files)])
}

function withoutZod(part: Package, files: readonly string[]): string[] {
  return files
    .filter((file) => /zod/i.test(readFileSync(file, 'utf8')))
    .map((file) => `${part.name}: ${relative(part.dir, file)} mentions zod`)
}

/** A built file and those it loads at once, or whose types it needs. */
function behind(entry: string): string[] {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const { specifier, dynamic } of readImports(file)) {
      if (!specifier.startsWith('.') || dynamic) continue
      const next = join(dirname(file), specifier)
      visit(file.endsWith('.d.ts') ? next.replace(/\.js$/, '.d.ts') : next)
    }
  }
  visit(entry)
  return [...seen]
}

/** What the published files import must arrive with the package. */
export function checkDeclared(part: Package): string[] {
  const { dependencies, peerDependencies, imports } = part.manifest
  const known = new Set(Object.keys({ ...dependencies, ...peerDependencies, ...Object(imports) }))
  const problems = new Set<string>()
  for (const file of listFiles(join(part.dir, 'dist'), ['.js', '.d.ts'])) {
    for (const { specifier } of readImports(file)) {
      if (specifier.startsWith('.')) {
        const target = join(dirname(file), specifier)
        const found = existsSync(target) || existsSync(target.replace(/\.js$/, '.d.ts'))
        if (!found)
          problems.add(`${part.name}: ${relative(part.dir, file)} imports ${specifier}, which is not there`)
      } else if (!specifier.startsWith('node:') && !known.has(packageName(specifier))) {
        problems.add(
          `${part.name}: ${relative(part.dir, file)} imports ${specifier}, which the package does not declare`,
        )
      }
    }
  }
  return [...problems]
}
