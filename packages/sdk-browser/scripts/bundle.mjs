// Writes src/script.ts (the code that /v1/a.js serves) and src/version.ts. Run it after a change in src/.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** The loader and all that it needs as one minified script for a `<script>` element. */
export async function bundleScript() {
  const { outputFiles } = await build({
    entryPoints: [`${source}loader.ts`],
    bundle: true,
    minify: true,
    // Names that only the SDK's own modules see.
    mangleProps: /^(bytes|sent|unload|wake)$/,
    format: 'iife',
    target: 'es2021',
    conditions: ['@millimetric/source'],
    tsconfigRaw: {},
    write: false,
  })
  return outputFiles[0].text.trim()
}

/** Text of src/script.ts for a bundle. */
export function scriptModule(bundle) {
  const text = bundle.replace(/[\\`]|\$\{/g, '\\$&')
  return `// Written by scripts/bundle.mjs.
// biome-ignore format: one minified line
/** The script that \`/v1/a.js\` serves. */
export const script: string = \`${text}\`
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  writeFileSync(
    `${source}version.ts`,
    `// Written by scripts/bundle.mjs from package.json.\nexport const VERSION: string = '${version}'\n`,
  )
  writeFileSync(`${source}script.ts`, scriptModule(await bundleScript()))
}
