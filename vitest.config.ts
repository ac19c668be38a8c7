import { availableParallelism } from 'node:os'
import { defaultServerConditions } from 'vite'
import { configDefaults, defineConfig } from 'vitest/config'
import { FULL_MEASURE } from './scripts/test-run/full-measure.js'
import { FULL } from './scripts/test-run/measure.js'

// Packages resolve to their TypeScript source through this private condition, so tests need no build.
// `resolve.conditions` alone is ignored by node projects: vite takes `ssr.resolve.conditions` there.
const conditions = ['@millimetric/source', ...defaultServerConditions]
const source = { resolve: { conditions }, ssr: { resolve: { conditions } } }

// A file that somebody names is run, whatever the measure.
const named = process.argv.some((argument) => argument.includes('.test.ts'))
const leftOut = [...configDefaults.exclude, ...(FULL || named ? [] : FULL_MEASURE)]

// These leave nothing behind in their process, so that one imports all of core once for many files.
const TOGETHER = [
  'packages/{adapters,classifier,sdk-node}/test/**/*.test.ts',
  'packages/core/test/{control,docs,http,ingest,mcp,poison,query}/*.test.ts',
  // Those two put something else in a module's place.
  'packages/core/test/auth/!(read-token|same-answer).test.ts',
]

const unit = {
  globalSetup: ['./scripts/test-run/prepared-keys.ts', './scripts/test-run/say-measure.ts'],
  // For what hangs, not for what is slow: on a busy machine an engine takes its time to open.
  testTimeout: 120_000,
  hookTimeout: 240_000,
}

export default defineConfig({
  test: {
    // Of two cores, vitest would use one; much of what tests wait for is another process.
    maxWorkers: Math.max(FULL ? 2 : 3, availableParallelism() - 1),
    projects: [
      {
        ...source,
        test: {
          ...unit,
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: [...leftOut, ...TOGETHER],
        },
      },
      {
        ...source,
        test: {
          ...unit,
          name: 'together',
          include: [...TOGETHER],
          exclude: [...leftOut],
          isolate: false,
        },
      },
      {
        // Examples run on the built packages, as a user's application would.
        test: {
          name: 'examples',
          include: ['examples/*/test/**/*.test.ts', 'packages/*/e2e/**/*.test.ts'],
          exclude: [...leftOut],
          globalSetup: ['./scripts/test-run/prepared-keys.ts', './scripts/test-run/build-once.ts'],
          testTimeout: 240_000,
          hookTimeout: 360_000,
        },
      },
    ],
  },
})
