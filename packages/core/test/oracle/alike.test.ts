import { expect, test } from 'vitest'
import { alike } from './alike.js'

test.each([
  [1, 1, true],
  [1, 2, false],
  [-0.249999975, -0.24999997499999999, true],
  [-0.249999975, -0.24999997501, false],
  [100_000_000_000_001, 100_000_000_000_002, false],
  [2, 2.0000000000000004, true],
  [1e21, 1e21 + 131072, true],
  [0, -0, false],
  [Number.NaN, Number.NaN, true],
  [0, 1e-300, false],
  [{ a: [1, 'x', null] }, { a: [1, 'x', null] }, true],
  [{ a: [1, 'x', null] }, { a: [1, 'x', 0] }, false],
  [{ a: 1 }, { a: 1, b: undefined }, false],
  [{ a: undefined }, { b: undefined }, false],
  [[], {}, false],
  [null, {}, false],
  ['1', 1, false],
])('%j and %j: %s', (a, b, same) => {
  expect(alike(a, b)).toBe(same)
  expect(alike(b, a)).toBe(same)
})
