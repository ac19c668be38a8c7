import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Instantiations for the calls of `budget/calls.ts`; when this was written it took 5,250. */
const BUDGET = 8_000

test('typing questions by their catalog costs the compiler little', async () => {
  const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url))
  const folder = fileURLToPath(new URL('./budget', import.meta.url))
  // One thread: several would each instantiate for themselves.
  const options = ['-p', folder, '--extendedDiagnostics', '--singleThreaded']
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...options])
  const count = Number(/^Instantiations:\s*(\d+)/m.exec(stdout)?.[1])
  expect(count, `${count} instantiations; allowed are ${BUDGET}`).toBeLessThan(BUDGET)
  expect(count).toBeGreaterThan(1_000)
}, 120_000)
