import { FULL_MEASURE } from './full-measure.js'
import { FULL } from './measure.js'

/** Says at the end what a short run has left out; vitest calls this after all tests. */
export function teardown(): void {
  if (FULL) return
  console.warn(
    `\nSHORT RUN: left to \`CI=true npm test\` are ${FULL_MEASURE.length} files, most cases of stores beside the memory store, and full sizes of random tests.`,
  )
}
