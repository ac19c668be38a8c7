import type { KeyRecord } from '../../ports/key-store.js'
import { writeOptionalTime, writeTime } from './tables.js'

type KeyTimes = 'created_at' | 'expires_at' | 'revoked_at' | 'last_used_at'

/** A key as it is written. */
export function keyRow(
  key: KeyRecord,
): Omit<KeyRecord, KeyTimes> & { created_at: string } & Record<
    Exclude<KeyTimes, 'created_at'>,
    string | null
  > {
  return {
    ...key,
    created_at: writeTime(key.created_at),
    expires_at: writeOptionalTime(key.expires_at),
    revoked_at: writeOptionalTime(key.revoked_at),
    last_used_at: writeOptionalTime(key.last_used_at),
  }
}
