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
 * A new key of the same kind, scopes, name and expiry beside the old one, which ends after the overlap. Error:
 * `not_found` when there is no such key, or it is revoked or over.
 */
export async function rotate(
  deps: { keys: KeyStore; make: MakeKey; invalidate: (prefix: string) => void },
  old: KeyRecord | undefined,
  overlapMs: number,
): Promise<NewKey> {
  if (old === undefined) throw noKey()
  const { project_id, owner, kind, env, scopes, name, expires_at } = old
  const next = await deps.make({ project_id, owner, kind, env, scopes, name, expires_at })
  const done = await deps.keys.rotateKey(old.id, next.record.created_at + overlapMs, next.record)
  if (!done) throw noKey()
  deps.invalidate(old.prefix)
  deps.invalidate(next.record.prefix)
  return next
}

function noKey(): AnalyticsError {
  return new AnalyticsError('not_found', 'There is no such key, or it has ended.')
}
