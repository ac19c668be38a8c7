import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseSync } from 'vite'

export interface Import {
  specifier: string
  /** Gone after compilation. */
  typeOnly: boolean
  /** `import()` with a literal. */
  dynamic: boolean
}

export function listFiles(folder: string, endings: readonly string[]): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => join(folder, file))
    .sort()
}

export function readImports(file: string): Import[] {
  const source = readFileSync(file, 'utf8')
  const { module, errors } = parseSync(file, source)
  const [error] = errors
  if (error) throw new Error(`${relative(process.cwd(), file)} can't be parsed: ${error.message}`)
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean, dynamic = false): void => {
    found.push({ specifier, typeOnly, dynamic })
  }
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType))
  }
  for (const { entries } of module.staticExports) {
    for (const entry of entries) if (entry.moduleRequest) add(entry.moduleRequest.value, entry.isType)
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^(['"`])([^$]*)\1$/.exec(source.slice(moduleRequest.start, moduleRequest.end))
    if (literal?.[2]) add(literal[2], false, true)
  }
  return found
}
