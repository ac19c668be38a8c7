/** Throws unless both are the same JSON, naming what was compared. No test runner is needed. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [stable(actual), stable(expected)]
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`)
}

function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'undefined'
  )
}
