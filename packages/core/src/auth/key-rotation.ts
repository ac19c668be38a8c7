import { AnalyticsError } from '../errors.js'
import type { KeyRecord, KeyStore } from '../ports/key-store.js'
import { invalidField, knownFields } from './input-field.js'
import type { MakeKey, NewKey } from './key-mint.js'

export interface RotateKey {
  /** Seconds for which the old key goes on working beside the new one: 0 to 7,776,000 (90 days); default a day. */
  readonly overlap_s?: number | undefined
}

const DAY_S = 86_400
const LONGEST_S = 90 * DAY_S

/** Seconds as milliseconds; throws `invalid_params`. */
export function overlapField(input: RotateKey): number {
  knownFields(input, ['overlap_s'])
  const { overlap_s = DAY_S } = input
  if (Number.isInteger(overlap_s) && overlap_s >= 0 && overlap_s <= LONGEST_S) return overlap_s * 1000
  throw invalidField('overlap_s', `must be a whole number of seconds from 0 to ${LONGEST_S}.`)
}

/**
 * A new key of the same kind, scopes, name and expiry beside the old one, which ends after the overlap. Errors:
 * `not_found` when there is no such key, or it is revoked or over; `key_already_rotated`, for its end is that of the
 * overlap then, and whoever lost the answer of the first time rotates the key that took its place.
 */
export async function rotate(
  deps: { keys: KeyStore; make: MakeKey; invalidate: (prefix: string) => void },
  find: () => Promise<KeyRecord | undefined>,
  overlapMs: number,
): Promise<NewKey> {
  const old = await find()
  if (old === undefined) throw noKey()
  requireUnrotated(old)
  const { project_id, owner, kind, env, scopes, name, expires_at } = old
  const next = await deps.make({ project_id, owner, kind, env, scopes, name, expires_at })
  let done = false
  try {
    done = await deps.keys.rotateKey(old.id, next.record.created_at + overlapMs, next.record)
  } finally {
    // Also when the answer was lost: it may have happened.
    deps.invalidate(old.prefix)
    deps.invalidate(next.record.prefix)
  }
  if (done) return next
  requireUnrotated((await find()) ?? old)
  throw noKey()
}

function requireUnrotated({ replaced_by }: KeyRecord): void {
  if (replaced_by === null) return
  throw new AnalyticsError(
    'key_already_rotated',
    'This key was rotated before. Rotate the key that took its place, named in details.replaced_by.',
    { details: { replaced_by } },
  )
}

function noKey(): AnalyticsError {
  return new AnalyticsError('not_found', 'There is no such key, or it has ended.')
}
