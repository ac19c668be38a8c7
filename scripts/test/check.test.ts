import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entriesOf, missingEntries, readPackages } from '../build/packages.js'
import { checkGraph } from '../check/graph.js'
import { checkNames, checkSizes } from '../check/names.js'
import { checkNoMcp, checkZodFree } from '../check/output.js'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millimetric-check-'))
})

afterEach(() => rmSync(root, { recursive: true }))

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

function problems(name: string, files: Record<string, string>, manifest: object = {}): string[] {
  write({ 'packages/part/package.json': JSON.stringify({ name, ...manifest }) })
  write(Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/part/src/${path}`, text])))
  return checkGraph(readPackages(root))
}

const core = (files: Record<string, string>, manifest?: object): string[] =>
  problems('@millimetric/core', files, manifest)

describe('import graph', () => {
  it('passes a tree whose arrows point down', () => {
    const found = core(
      {
        'index.ts': "export { a } from './analytics.js'",
        'analytics.ts': "import { h } from './http/handler.js'\nexport const a = h",
        'http/handler.ts': "import { i } from '../ingest/ingest.js'\nexport const h = i",
        'ingest/ingest.ts':
          "import { classify } from '@millimetric/classifier'\nimport { hash } from '#crypto'\nexport const i = [classify, hash]",
        'crypto/node.ts': "import { createHash } from 'node:crypto'\nexport const hash = createHash",
        'crypto/web.ts': 'export const hash = 1',
        'cli/main.ts': "import { a } from '../index.js'\na",
      },
      {
        dependencies: { '@millimetric/classifier': '1' },
        imports: {
          '#crypto': {
            workerd: { '@millimetric/source': './src/crypto/web.ts' },
            default: './src/crypto/node.ts',
          },
        },
      },
    )
    expect(found).toEqual([])
  })

  it.each([
    [
      'a use case to http',
      'ingest/a.ts',
      "import { x } from '../http/b.js'",
      'http/b.ts',
      'ingest may not look up to http',
    ],
    [
      'types count too',
      'ports/a.ts',
      "import type { x } from '../ingest/b.js'",
      'ingest/b.ts',
      'ports may not look up to ingest',
    ],
    [
      're-exports count',
      'auth/a.ts',
      "export { x } from '../analytics.js'",
      'analytics.ts',
      'auth may not look up to analytics',
    ],
    [
      'dynamic imports count',
      'http/a.ts',
      "await import('../stores/memory/b.js')",
      'stores/memory/b.ts',
      'http may not look up to stores/memory',
    ],
    [
      'a store to a use case',
      'stores/memory/a.ts',
      "import { x } from '../../query/b.js'",
      'query/b.ts',
      'stores/memory may not look up to query',
    ],
    [
      'one store to another',
      'stores/memory/a.ts',
      "import { x } from '../postgres/b.js'",
      'stores/postgres/b.ts',
      'stores/memory may not look up to stores/postgres',
    ],
    [
      'anything to a leaf',
      'analytics.ts',
      "import { x } from './testing/b.js'",
      'testing/b.ts',
      'analytics may not look up to testing',
    ],
    [
      'an unknown room',
      'misc/a.ts',
      "import { x } from '../errors.js'",
      'errors.ts',
      'room misc is unknown; give it a place in scripts/check/layers.ts',
    ],
  ])('refuses an upward arrow: %s', (_, from, text, to, problem) => {
    expect(core({ [from]: text, [to]: 'export const x = 1' })).toEqual([
      `@millimetric/core src/${from}: ${problem}`,
    ])
  })

  it('refuses a cycle, and names it', () => {
    const found = core({
      'query/a.ts': "import { b } from './b.js'\nexport const a = b",
      'query/b.ts': "import { c } from './c.js'\nexport const b = c",
      'query/c.ts': "import { a } from './a.js'\nexport const c = a",
    })
    expect(found).toEqual(['@millimetric/core: cycle query/a.ts → query/b.ts → query/c.ts → query/a.ts'])
  })

  it('takes no cycle from a type', () => {
    const found = core({
      'query/a.ts': "import { b } from './b.js'\nexport interface A { x: 1 }\nexport const a = b",
      'query/b.ts':
        "import type { A } from './a.js'\nimport { type A as B } from './a.js'\nexport const b: A | B = { x: 1 }",
    })
    expect(found).toEqual([])
  })

  it('names an import that leads nowhere', () => {
    expect(core({ 'errors.ts': "import './gone.js'" })).toEqual([
      '@millimetric/core src/errors.ts: ./gone.js names no source file',
    ])
  })

  it.each([
    ['@millimetric/classifier', "import 'node:fs'", 'may not import node:fs'],
    [
      '@millimetric/classifier',
      "import type { X } from '@millimetric/schema/wire'",
      'may not import @millimetric/schema/wire',
    ],
    ['@millimetric/schema', "import 'hono'", 'may not import hono'],
    ['@millimetric/core', "import '@millimetric/adapters/hono'", 'may not import @millimetric/adapters/hono'],
    ['@millimetric/core', "import '@millimetric/track'", 'may not import @millimetric/track'],
    [
      '@millimetric/track',
      "import { z } from '@millimetric/schema'",
      'may import only types from @millimetric/schema',
    ],
    ['@millimetric/track', "import { z } from 'zod'", 'may not import zod'],
    ['@millimetric/track-node', "import { a } from '@millimetric/core'", 'may not import @millimetric/core'],
    ['@millimetric/adapters', "import 'hono'", 'hono is neither a dependency nor a peer'],
    [
      '@millimetric/core',
      "import '@millimetric/classifier'",
      '@millimetric/classifier is neither a dependency nor a peer',
    ],
  ])('%s: %s', (name, text, problem) => {
    expect(problems(name, { 'index.ts': text })).toEqual([`${name} src/index.ts: ${problem}`])
  })
})

describe('zod in what SDKs import of the schema', () => {
  it('is found behind an entry, in script and in types, and nowhere else', () => {
    write({
      'packages/part/package.json': JSON.stringify({ name: '@millimetric/schema' }),
      'packages/part/dist/index.js': "import * as z from 'zod'",
      'packages/part/dist/limits.js': "import { a } from './chunk-a.js'",
      'packages/part/dist/limits.d.ts': 'export declare const a: 1',
      'packages/part/dist/chunk-a.js': "import 'zod'",
      'packages/part/dist/wire.js': "await import('./index.js')",
      'packages/part/dist/wire.d.ts': "export type { A } from './part.js'",
      'packages/part/dist/part.d.ts': "import type * as z from 'zod'\nexport type A = z.ZodType",
    })
    expect(readPackages(root).flatMap((part) => checkZodFree(part, ['limits', 'wire']))).toEqual([
      '@millimetric/schema: dist/chunk-a.js mentions zod',
      '@millimetric/schema: dist/part.d.ts mentions zod',
    ])
  })

  it('finds the MCP SDK behind the root of core, and where its own entry does not wait to load it', () => {
    const built = (files: Record<string, string>): string[] => {
      write({ 'packages/part/package.json': JSON.stringify({ name: '@millimetric/core' }) })
      write(
        Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/part/dist/${path}`, text])),
      )
      return readPackages(root).flatMap(checkNoMcp)
    }
    const lazy = "export const load = () => import('@modelcontextprotocol/server')"
    expect(built({ 'index.js': '', 'mcp/index.js': lazy })).toEqual([])
    expect(built({ 'index.js': "import './mcp/index.js'", 'mcp/index.js': lazy })).toEqual([
      '@millimetric/core: dist/mcp/index.js loads the MCP SDK',
    ])
    expect(built({ 'index.js': '', 'mcp/index.js': "import '@modelcontextprotocol/server'" })).toEqual([
      '@millimetric/core: dist/mcp/index.js loads the MCP SDK',
    ])
  })
})

describe('names and sizes', () => {
  it('refuses names that say nothing', () => {
    write({
      'src/utils/a.ts': '',
      'src/types.ts': '',
      'src/key-types.ts': '',
      'src/node_modules/utils/a.ts': '',
    })
    expect(checkNames(root, [join(root, 'src')]).map((problem) => problem.split(':')[0])).toEqual([
      'src/types.ts',
      'src/utils/a.ts',
    ])
  })

  it('lists long files, refuses very long ones, and lets data be as long as it is', () => {
    const lines = (count: number): string => 'x\n'.repeat(count)
    write({
      'src/short.ts': lines(300),
      'src/long.ts': lines(301),
      'src/huge.ts': lines(501),
      'src/hosts.ts': `// Data table: hosts\n${lines(900)}`,
    })
    expect(checkSizes(root, [join(root, 'src')])).toEqual({
      problems: ['src/huge.ts: 501 lines, more than 500'],
      notes: ['src/long.ts: 301 lines'],
    })
  })
})

describe('what a manifest promises to build', () => {
  it('finds exports, imports and bins, and names what is missing', () => {
    write({
      'packages/part/src/index.ts': '',
      'packages/part/package.json': JSON.stringify({
        name: 'part',
        exports: {
          '.': {
            '@millimetric/source': './src/index.ts',
            types: './dist/index.d.ts',
            default: './dist/index.js',
          },
          './deep': { default: './dist/deep/index.js' },
          './package.json': './package.json',
        },
        imports: {
          '#crypto': { workerd: { default: './dist/crypto/web.js' }, default: './dist/crypto/node.js' },
        },
        bin: { part: 'dist/cli/main.js' },
      }),
    })
    const [part] = readPackages(root)
    if (!part) throw new Error('no package')
    expect(entriesOf(part).map(({ output }) => output)).toEqual([
      'index',
      'deep/index',
      'crypto/web',
      'crypto/node',
      'cli/main',
    ])
    expect(missingEntries(part).map(({ source, named }) => `${source} ${named}`)).toEqual([
      'src/deep/index.ts exports ./deep',
      'src/crypto/web.ts imports #crypto',
      'src/crypto/node.ts imports #crypto',
      'src/cli/main.ts bin part',
    ])
  })
})
