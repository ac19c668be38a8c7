import { AnalyticsError } from '../errors.js'
import type { KeyEnv, KeyKind, KeyRecord, KeyStore, Scope } from '../ports/key-store.js'
import { invalidField, knownFields } from './input-field.js'
import { createKeyMint, envField, expiryField, type KeyFields, type NewKey, nameField } from './key-mint.js'
import { revoke } from './key-revocation.js'
import { overlapField, type RotateKey, rotate } from './key-rotation.js'

/** A key as its owner may see it: without the hash. Times are epoch milliseconds. */
export interface KeyInfo {
  readonly id: string
  readonly project_id: string | null
  readonly owner: string | null
  readonly kind: KeyKind
  readonly env: KeyEnv
  /** 8 lower-case hex characters: enough to recognise the key, safe to show. */
  readonly prefix: string
  readonly scopes: readonly Scope[]
  readonly name: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly revoked_at: number | null
  readonly last_used_at: number | null
  /** Id of the key that a rotation put in its place. */
  readonly replaced_by: string | null
}

export interface CreateKey {
  /** UUID of the project. */
  readonly project_id: string
  /** `pk` browsers (ingest), `sk` servers (all), `rk` dashboards (read). */
  readonly kind: 'pk' | 'sk' | 'rk'
  /** Default `live`. */
  readonly env?: KeyEnv | undefined
  /** Default and at most: pk ingest; sk ingest, read, admin; rk read. */
  readonly scopes?: readonly Scope[] | undefined
  /** 1–128 characters; default empty. */
  readonly name?: string | undefined
  /** Epoch milliseconds, in the future; null (default) = never. */
  readonly expires_at?: number | null | undefined
}

export interface KeyManager {
  /**
   * Makes a key. `secret` is the whole key text and is shown this once. Errors: `invalid_params` naming the
   * field, `unknown_project`.
   */
  create(input: CreateKey): Promise<{ key: KeyInfo; secret: string }>
  /** All keys of a project, revoked ones too, oldest first. */
  list(projectId: string): Promise<KeyInfo[]>
  /** Ends a key, at once in this process. The first revocation time stays. Error: `not_found`. */
  revoke(projectId: string, keyId: string): Promise<KeyInfo>
  /**
   * Makes a key like an old one, which goes on working for the overlap. Errors: `invalid_params` naming the field,
   * `not_found` when the project has no such key, or it is revoked or over; `key_already_rotated`, whose
   * `details.replaced_by` is the key to rotate instead.
   */
  rotate(projectId: string, keyId: string, input?: RotateKey): Promise<{ key: KeyInfo; secret: string }>
  /** A checked key that is not stored yet, for storing it together with its project. */
  prepare(input: CreateKey): Promise<NewKey>
}

/** What each kind may do at most, and does by default. */
export const KIND_SCOPES: { readonly [K in KeyKind]: readonly Scope[] } = {
  pk: ['ingest'],
  sk: ['ingest', 'read', 'admin'],
  rk: ['read'],
  ak: ['read'],
}

const FIELDS = ['project_id', 'kind', 'env', 'scopes', 'name', 'expires_at']

export function createKeyManager(options: {
  keys: KeyStore
  /** Now, in epoch milliseconds. */
  clock: () => number
  /** Makes the process forget what it cached of the key with this prefix. */
  invalidate: (prefix: string) => void
}): KeyManager {
  const { keys, clock, invalidate } = options

  const make = createKeyMint({ keys, clock })
  const prepare = (input: CreateKey): Promise<NewKey> => make(keyFields(input, clock()))

  return {
    prepare,
    async create(input) {
      const { record, secret } = await prepare(input)
      const project = await keys.findProject(input.project_id)
      if (project?.id !== input.project_id) throw unknownProject()
      await keys.insertKey(record)
      invalidate(record.prefix)
      return { key: keyInfo(record), secret }
    },
    async list(projectId) {
      return (await keys.listKeys(projectId)).map(keyInfo)
    },
    async rotate(projectId, keyId, input = {}) {
      const overlap = overlapField(input)
      const find = async () => (await keys.listKeys(projectId)).find(({ id }) => id === keyId)
      const { record, secret } = await rotate({ keys, make, invalidate }, find, overlap)
      return { key: keyInfo(record), secret }
    },
    async revoke(projectId, keyId) {
      const key = (await keys.listKeys(projectId)).find(({ id }) => id === keyId)
      return keyInfo(await revoke({ clock, invalidate }, key, (now) => keys.revokeKey(projectId, keyId, now)))
    },
  }
}

function keyFields(input: CreateKey, now: number): KeyFields {
  knownFields(input, FIELDS)
  const { project_id, kind, env = 'live', name, expires_at = null } = input
  if (typeof project_id !== 'string') throw invalidField('project_id', 'must be the UUID of a project.')
  if (!['pk', 'sk', 'rk'].includes(kind)) throw invalidField('kind', 'must be one of pk, sk, rk.')
  return {
    project_id,
    owner: null,
    kind,
    env: envField(env),
    scopes: keyScopes(kind, input.scopes),
    name: nameField(name),
    expires_at: expiryField(expires_at, now),
  }
}

function keyScopes(kind: KeyKind, wanted: CreateKey['scopes']): readonly Scope[] {
  const most = KIND_SCOPES[kind]
  if (wanted === undefined) return most
  const fits = Array.isArray(wanted) && wanted.length > 0 && wanted.every((scope) => most.includes(scope))
  if (!fits || new Set(wanted).size !== wanted.length) {
    throw invalidField('scopes', `a ${kind} key has one or more of [${most.join(', ')}], each once.`)
  }
  return [...wanted]
}

/** Without the hash. */
export function keyInfo(key: KeyRecord): KeyInfo {
  const { secret_hash: _hash, pepper_id: _pepper, ...info } = key
  return info
}

function unknownProject(): AnalyticsError {
  return new AnalyticsError('unknown_project', 'There is no such project.')
}
