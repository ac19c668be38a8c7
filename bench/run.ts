import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What a file in this folder exports. */
export interface Bench {
  run(args: string[]): unknown
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts' && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort()

const [name, ...args] = process.argv.slice(2)
if (name && names.includes(name)) {
  const bench: Partial<Bench> = await import(pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href)
  if (!bench.run) throw new Error(`bench/${name}.ts exports no function "run"`)
  await bench.run(args)
} else {
  const list = names.length > 0 ? names.map((known) => `  ${known}`).join('\n') : '  (none yet)'
  console.log(`Usage: npm run bench -- <name> [arguments]\n\n${list}`)
  if (name) {
    console.error(`There is no bench/${name}.ts`)
    process.exitCode = 1
  }
}
