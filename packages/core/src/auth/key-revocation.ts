import { AnalyticsError } from '../errors.js'
import type { KeyRecord } from '../ports/key-store.js'

/**
 * Ends a key, and makes the process forget it even when the answer of the store was lost: it may be revoked then.
 * Error: `not_found`.
 */
export async function revoke(
  { clock, invalidate }: { clock: () => number; invalidate: (prefix: string) => void },
  key: KeyRecord | undefined,
  store: (now: number) => Promise<boolean>,
): Promise<KeyRecord> {
  if (key === undefined) throw noKey()
  const now = clock()
  try {
    if (!(await store(now))) throw noKey()
  } finally {
    invalidate(key.prefix)
  }
  return { ...key, revoked_at: key.revoked_at ?? now }
}

function noKey(): AnalyticsError {
  return new AnalyticsError('not_found', 'There is no such key.')
}
