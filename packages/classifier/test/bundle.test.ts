import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src/', import.meta.url))

async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: SRC, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2023',
  })
  return outputFiles[0]?.text ?? ''
}

it('classify with all tables is at most 14 KB, and the tables fall away where they are not used', async () => {
  const whole = await bundled('export { classify } from "./index.js"')
  expect(gzipSync(whole, { level: 9 }).length).toBeLessThanOrEqual(14 * 1024)
  const bare = await bundled('export { createClassifier } from "./index.js"')
  expect(whole).toContain('duckduckgo')
  expect(bare).not.toMatch(/duckduckgo|gclid|newsletters/)
  expect((await bundled('export { CHANNELS, RULESET_VERSION } from "./index.js"')).length).toBeLessThan(600)
})

it('imports nothing but itself', () => {
  for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    const froms = readFileSync(`${SRC}${file}`, 'utf8').matchAll(/\bfrom '([^']+)'/g)
    for (const [, from] of froms) expect(from, file).toMatch(/^\.{1,2}\//)
  }
})
