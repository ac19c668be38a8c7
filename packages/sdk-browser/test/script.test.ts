import { readFileSync } from 'node:fs'
import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { bundleScript, scriptModule } from '../scripts/bundle.mjs'
import { script } from '../src/script.js'
import { VERSION } from '../src/version.js'

const root = new URL('../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

describe('the script of /v1/a.js', () => {
  test('is at most 2560 bytes in brotli', () => {
    expect(brotliCompressSync(script).length).toBeLessThanOrEqual(2560)
  })

  test('is what src/ makes now; when this fails run `npm run bundle -w @millimetric/track`', async () => {
    const bundle = await bundleScript()
    expect(script).toBe(bundle)
    expect(read('src/script.ts')).toBe(scriptModule(bundle))
    expect(VERSION).toBe(JSON.parse(read('package.json')).version)
  })

  test('sets one global and can stand in a page as it is', () => {
    expect(script).not.toContain('</script')
    expect(script).not.toMatch(/[^\n\x20-\x7e]/)
  })
})

test('neither entry of the package carries zod or needs a module at run time', async () => {
  const { outputFiles } = await build({
    entryPoints: ['index', 'script'].map((name) => new URL(`src/${name}.ts`, root).pathname),
    outdir: 'out',
    bundle: true,
    format: 'esm',
    // As in the published build, where other packages stay imports.
    packages: 'external',
    write: false,
  })
  for (const { text } of outputFiles) {
    expect(text).not.toContain('Zod')
    expect(text).not.toMatch(/^import /m)
  }
})
