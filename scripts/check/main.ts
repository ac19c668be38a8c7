import { join } from 'node:path'
import { main as build } from '../build/main.js'
import { type Package, ROOT, readPackages } from '../build/packages.js'
import { checkGraph } from './graph.js'
import { checkNames, checkSizes } from './names.js'
import {
  checkCoreRoot,
  checkDeclared,
  checkNoMcp,
  checkNoZod,
  checkPublint,
  checkTypes,
  checkZodFree,
} from './output.js'

export async function main(): Promise<number> {
  const packages = readPackages()
  const src = packages.map((part) => join(part.dir, 'src'))
  const folders = [...src, ...['scripts', 'bench', 'examples'].map((folder) => join(ROOT, folder))]
  let failed = 0
  const report = (name: string, problems: readonly string[], notes: readonly string[] = []): void => {
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}`)
    for (const problem of problems) console.log(`     ${problem}`)
    for (const note of notes) console.log(`     (${note})`)
    if (problems.length > 0) failed += 1
  }

  report('import graph', checkGraph(packages))
  report('names', checkNames(ROOT, folders))
  const sizes = checkSizes(ROOT, src)
  report('file sizes', sizes.problems, sizes.notes)
  report('manifests', packages.flatMap(checkManifest))
  const built = (await build([])) === 0
  report('build', built ? [] : ['see above; what follows is checked on a build'])
  if (built) {
    report('publint', (await Promise.all(packages.map(checkPublint))).flat())
    report('types of the packed packages', (await Promise.all(packages.map(checkTypes))).flat())
    report('imports of the built files', packages.flatMap(checkDeclared))
    const named = (...names: string[]): Package[] => packages.filter(({ name }) => names.includes(name))
    report('no Node module behind the root of core', named('@millimetric/core').flatMap(checkCoreRoot))
    report('no MCP SDK before it is asked', named('@millimetric/core').flatMap(checkNoMcp))
    report('no zod in the SDKs', named('@millimetric/track', '@millimetric/track-node').flatMap(checkNoZod))
    report(
      'no zod in what SDKs import of the schema',
      named('@millimetric/schema').flatMap((part) => checkZodFree(part, ['limits', 'wire'])),
    )
  }
  console.log(failed === 0 ? 'Every check passed' : `${failed} checks failed`)
  return failed === 0 ? 0 : 1
}

function checkManifest({ name, manifest }: Package): string[] {
  const missing = (['license', 'description', 'files', 'sideEffects', 'exports', 'type'] as const).filter(
    (field) => manifest[field] === undefined,
  )
  return missing.map((field) => `${name}: package.json has no "${field}"`)
}
