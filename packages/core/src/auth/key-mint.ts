import { randomUuid } from '#crypto'
import { AnalyticsError } from '../errors.js'
import type { KeyEnv, KeyKind, KeyRecord, KeyStore } from '../ports/key-store.js'
import { invalidField, textField } from './input-field.js'
import { hashSecret, mintKey } from './key.js'

/** What is decided about a key before it has a secret. */
export type KeyFields = Pick<
  KeyRecord,
  'project_id' | 'owner' | 'kind' | 'env' | 'scopes' | 'name' | 'expires_at'
>

export interface NewKey {
  readonly record: KeyRecord
  /** The whole key text, which exists only here. */
  readonly secret: string
}

/** Makes a key that is not stored yet. */
export type MakeKey = (fields: KeyFields) => Promise<NewKey>

const LONGEST_NAME = 128
// The last millisecond of the year 9999: later times have no ISO form that databases read.
const LAST_TIME = 253_402_300_799_999
const MINT_ATTEMPTS = 5

export function createKeyMint({ keys, clock }: { keys: KeyStore; clock: () => number }): MakeKey {
  async function mintUnused(kind: KeyKind, env: KeyEnv): Promise<ReturnType<typeof mintKey>> {
    // A prefix has 32 bits, so with many keys one may be taken.
    for (let attempt = 0; attempt < MINT_ATTEMPTS; attempt++) {
      const minted = mintKey(kind, env)
      if ((await keys.findKey(minted.parsed.prefix)) === undefined) return minted
    }
    throw new AnalyticsError('internal_error', 'No unused key prefix was found.')
  }

  return async (fields) => {
    const created_at = clock()
    const { parsed, text } = await mintUnused(fields.kind, fields.env)
    const [pepper] = await keys.peppers()
    const record: KeyRecord = {
      ...fields,
      id: randomUuid(),
      prefix: parsed.prefix,
      secret_hash: await hashSecret(parsed.secret, pepper),
      pepper_id: pepper.id,
      created_at,
      revoked_at: null,
      last_used_at: null,
      replaced_by: null,
    }
    return { record, secret: text }
  }
}

export function envField(env: unknown): KeyEnv {
  if (env !== 'live' && env !== 'test') throw invalidField('env', 'must be live or test.')
  return env
}

export function nameField(name: unknown): string {
  return name === undefined || name === '' ? '' : textField('name', name, LONGEST_NAME)
}

export function expiryField(expires_at: unknown, now: number): number | null {
  if (expires_at === null) return null
  if (typeof expires_at === 'number' && Number.isInteger(expires_at)) {
    if (expires_at > now && expires_at <= LAST_TIME) return expires_at
  }
  throw invalidField('expires_at', 'must be null or a time in the future, in epoch milliseconds.')
}
