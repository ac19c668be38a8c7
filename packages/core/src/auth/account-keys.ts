import type { KeyEnv, KeyStore } from '../ports/key-store.js'
import { knownFields, textField } from './input-field.js'
import { envField, expiryField, type MakeKey, nameField } from './key-mint.js'
import { revoke } from './key-revocation.js'
import { overlapField, type RotateKey, rotate } from './key-rotation.js'
import { type KeyInfo, KIND_SCOPES, keyInfo } from './manage-keys.js'

export interface CreateAccountKey {
  /** The host's id of the account, as projects have it, 1–256 characters. */
  readonly owner: string
  /** Default `live`. */
  readonly env?: KeyEnv | undefined
  /** 1–128 characters; default empty. */
  readonly name?: string | undefined
  /** Epoch milliseconds, in the future; null (default) = never. */
  readonly expires_at?: number | null | undefined
}

/** Keys (`ak`) that read every project of one owner, also projects made later, and change nothing. */
export interface AccountKeys {
  /** `secret` is the whole key text and is shown this once. Error: `invalid_params` naming the field. */
  create(input: CreateAccountKey): Promise<{ key: KeyInfo; secret: string }>
  /** Revoked ones too, oldest first. */
  list(owner: string): Promise<KeyInfo[]>
  /** A new key; the old one works on for the overlap. Errors: `invalid_params`, `not_found`, `key_already_rotated`. */
  rotate(owner: string, keyId: string, input?: RotateKey): Promise<{ key: KeyInfo; secret: string }>
  /** Ends a key, at once in this process. Error: `not_found`. */
  revoke(owner: string, keyId: string): Promise<KeyInfo>
}

export function createAccountKeys(options: {
  keys: KeyStore
  make: MakeKey
  /** Now, in epoch milliseconds. */
  clock: () => number
  /** Makes the process forget what it cached of the key with this prefix. */
  invalidate: (prefix: string) => void
}): AccountKeys {
  const { keys, make, clock, invalidate } = options
  return {
    async create(input) {
      knownFields(input, ['owner', 'env', 'name', 'expires_at'])
      const { record, secret } = await make({
        project_id: null,
        owner: textField('owner', input.owner, 256),
        kind: 'ak',
        env: envField(input.env ?? 'live'),
        scopes: KIND_SCOPES.ak,
        name: nameField(input.name),
        expires_at: expiryField(input.expires_at ?? null, clock()),
      })
      await keys.insertKey(record)
      invalidate(record.prefix)
      return { key: keyInfo(record), secret }
    },
    async list(owner) {
      return (await keys.listAccountKeys(owner)).map(keyInfo)
    },
    async rotate(owner, keyId, input = {}) {
      const overlap = overlapField(input)
      const find = async () => (await keys.listAccountKeys(owner)).find(({ id }) => id === keyId)
      const { record, secret } = await rotate({ keys, make, invalidate }, find, overlap)
      return { key: keyInfo(record), secret }
    },
    async revoke(owner, keyId) {
      const key = (await keys.listAccountKeys(owner)).find(({ id }) => id === keyId)
      return keyInfo(
        await revoke({ clock, invalidate }, key, (now) => keys.revokeAccountKey(owner, keyId, now)),
      )
    },
  }
}
