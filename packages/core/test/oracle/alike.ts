const ROUNDING = 1e-12

/**
 * Whether two answers say the same. Sums of fractions depend on the order they are added in, which is nobody's to choose
 * (seed 840425733: an average of -0.249999975 and -0.24999997499999999); everything else is equal to the last digit.
 */
export function alike(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Object.is(a, b)) return true
    const counted = Number.isSafeInteger(a) && Number.isSafeInteger(b)
    return !counted && Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [own, other] = [Object.entries(a), new Map(Object.entries(b))]
  return (
    own.length === other.size && own.every(([key, value]) => other.has(key) && alike(value, other.get(key)))
  )
}
