import { LIMITS } from './limits.js'

// A condition is at most an object, its list, its match and that one's object; what stays below is judged exactly later.
const MOST_CONTAINERS = 8 * LIMITS.filterConditions
const DEEPEST = 4 * (LIMITS.filterDepth + 1)
const MOST_VALUES = 2 * LIMITS.filterConditions * LIMITS.filterValues

/** Whether a value is larger or deeper than filters can be, in words; walks no further than that, whatever it is. */
export function excessOf(value: unknown): string | undefined {
  let level: unknown[] = [value]
  let containers = 0
  let values = 0
  for (let depth = 0; level.length > 0; depth++) {
    const below: unknown[] = []
    for (const node of level) {
      if (typeof node !== 'object' || node === null) continue
      containers += 1
      const inner: readonly unknown[] = Array.isArray(node) ? node : Object.values(node)
      values += inner.length
      if (containers > MOST_CONTAINERS || values > MOST_VALUES) {
        return `more than ${LIMITS.filterConditions} conditions; ask a simpler question`
      }
      for (const one of inner) below.push(one)
    }
    if (depth > DEEPEST) return `nested deeper than ${LIMITS.filterDepth}; ask a simpler question`
    level = below
  }
  return undefined
}
