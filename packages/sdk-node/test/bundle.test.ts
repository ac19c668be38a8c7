import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { VERSION } from '../src/version.js'

const root = new URL('../', import.meta.url)

test('runs anywhere: no import is left, no node: module, no zod', async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL('src/index.ts', root).pathname],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    // As in the published build, where other packages stay imports.
    packages: 'external',
    write: false,
  })
  const [file] = outputFiles
  expect(file?.text).not.toMatch(/^import /m)
  expect(file?.text).not.toContain('node:')
  expect(file?.text).not.toContain('Zod')
})

test('says its own version', () => {
  const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  expect(VERSION).toBe(manifest.version)
  expect(manifest.dependencies).toBeUndefined()
})
