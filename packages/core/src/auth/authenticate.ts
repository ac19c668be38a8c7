import { constantTimeEqualHex } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError } from '../errors.js'
import type { FoundKey, KeyRecord, KeyStore, Pepper, Project, Scope } from '../ports/key-store.js'
import { presentedKey } from './credential.js'
import { invalidField } from './input-field.js'
import { hashSecret, type ParsedKey } from './key.js'
import { createKeyUse } from './key-use.js'
import { createLookupCache } from './lookup-cache.js'
import { matcherOf, type OriginMatcher } from './origin.js'
import { createPrefixMisses } from './prefix-misses.js'
import { type AccountPrincipal, inProject, type KeyPrincipal, requireScope } from './principal.js'
import { createTokenSigner, type TokenSigner } from './read-token.js'
import { checkable, invalidKey, requireKind, requireNamed, unknownProject } from './refusals.js'
import { createTokenCheck } from './token-check.js'

export interface AuthenticatorOptions {
  readonly keys: KeyStore
  /** Now, in epoch milliseconds. */
  readonly clock: () => number
  /**
   * Milliseconds for which a looked-up key is trusted without asking the store: the time until a revocation
   * made in another process is felt here. Default 60,000, from 0 to 300,000.
   */
  readonly cacheTtlMs?: number | undefined
  /** By UUID or slug; for account keys and tokens, which name the project they ask about. Default: asks the store. */
  readonly findProject?: ((idOrSlug: string) => Promise<Project | undefined>) | undefined
  /** Called when a key is about to be looked up, which is when copies begin to exist. */
  readonly onLookup?: (() => void) | undefined
  /** Checks read tokens. Default: one of its own. */
  readonly tokens?: TokenSigner | undefined
  readonly onDiagnostic: OnDiagnostic
}

export interface AuthenticationNeed {
  /** Absent = the caller asks for it itself. */
  readonly scope?: Scope | undefined
  /** Secret keys only; the code for the others, which comes before that of a missing scope. */
  readonly secretOnly?: 'forget_requires_secret_key' | 'key_kind_not_allowed' | undefined
  /** Kinds that are taken; others get `key_kind_not_allowed`, before their scopes are looked at. Absent = every kind. */
  readonly kinds?: readonly KeyPrincipal['key_kind'][] | undefined
  /** Whether a public key may come as `?key=`, for senders that can't set headers. */
  readonly allowQueryKey: boolean
  /** A read token may come instead of a key: for routes that hold to what its principal may see. Default false. */
  readonly allowToken?: boolean | undefined
  /** The project that the request names, by UUID or slug. Account keys need one, other keys have one already. */
  readonly project?: string | undefined
}

export interface Authenticator {
  /**
   * Who asks. Errors, in this order: 401 `missing_bearer_token`, 401 `malformed_api_key`, 401
   * `invalid_api_key` (unknown, wrong, revoked, expired and of the other environment alike), 401 `key_kind_mismatch`, 403
   * `insufficient_scope`, 403 `origin_not_allowed`; and 503 `storage_unavailable` when the key is not cached
   * and the key store does not answer. For read tokens 401 `token_expired` comes after a right signature, before
   * anything is looked up, and 403 `key_kind_not_allowed` where none are taken. With `project`: 404 `unknown_project` for all but the key's own (for
   * account keys: the owner's); without, 400 `invalid_params` for account keys. Never reads the body.
   */
  authenticate(request: Request, need: AuthenticationNeed): Promise<KeyPrincipal>
  /**
   * The account of a request that carries an account key. Errors as above; for other keys `refusal`, by default
   * `insufficient_scope`.
   */
  authenticateAccount(
    request: Request,
    refusal?: 'insufficient_scope' | 'account_key_required',
  ): Promise<AccountPrincipal>
  /** Forgets what is cached of a key: call after revoking it. */
  invalidate(prefix: string): void
  /** Forgets all cached keys of a project: call after changing it. */
  invalidateProject(projectId: string): void
  /** Forgets everything that is cached: call when changes may have been missed. */
  invalidateAll(): void
  /** Writes the collected `last_used_at` times now. Never rejects: a failure is a diagnostic. */
  flushUsed(): Promise<void>
}

interface CachedKey {
  readonly record: KeyRecord
  /** Undefined when the pepper that the key was made with is not configured. */
  readonly pepper: Pepper | undefined
  /** Undefined for account keys. */
  readonly principal: KeyPrincipal | undefined
  readonly allows: OriginMatcher
}

const DEFAULT_TTL_MS = 60_000
const LONGEST_TTL_MS = 300_000
const CACHED_KEYS = 10_000
// 50 statements a second at most, whatever is sent.
const PAUSE_MS = 20

// Hashed and compared for unknown keys, so that they cost what a wrong secret costs.
const NO_PEPPER: Pepper = { id: '', value: '0'.repeat(32) }
const NO_HASH = '0'.repeat(64)

/** Throws `invalid_options` for a `cacheTtlMs` out of range. Opens nothing and starts no timer. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, clock, onDiagnostic } = options
  const findProject = options.findProject ?? ((idOrSlug) => keys.findProject(idOrSlug))
  const ttlMs = options.cacheTtlMs ?? DEFAULT_TTL_MS
  if (!(ttlMs >= 0 && ttlMs <= LONGEST_TTL_MS)) {
    throw new AnalyticsError(
      'invalid_options',
      `cacheTtlMs must be from 0 to ${LONGEST_TTL_MS} milliseconds.`,
    )
  }
  const cache = createLookupCache<CachedKey>({
    load,
    clock,
    ttlMs,
    size: CACHED_KEYS,
    misses: createPrefixMisses(ttlMs),
    pauseMs: PAUSE_MS,
    openingMs: keys.openingMs,
    onFailure(error) {
      onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'findKey', error })
    },
  })
  const use = createKeyUse({ keys, clock, onDiagnostic })
  const checkToken = createTokenCheck({
    tokens: options.tokens ?? createTokenSigner({ keys }),
    clock,
    findProject,
    async findKey(prefix) {
      const cached = await checkable(cache.find(prefix))
      return cached?.pepper !== undefined && isLive(cached, clock()) ? cached.principal : undefined
    },
  })

  async function load(prefixes: readonly string[]): Promise<ReadonlyMap<string, CachedKey>> {
    options.onLookup?.()
    const found = await lookUp(prefixes)
    const peppers = found.length === 0 ? [] : await keys.peppers()
    return new Map(found.map((each) => [each.key.prefix, ready(each, peppers)]))
  }

  async function lookUp(prefixes: readonly string[]): Promise<readonly FoundKey[]> {
    const [first = ''] = prefixes
    if (prefixes.length > 1) return await keys.findKeys(prefixes)
    const found = await keys.findKey(first)
    return found === undefined ? [] : [found]
  }

  function ready({ key: record, project }: FoundKey, peppers: readonly Pepper[]): CachedKey {
    const pepper = peppers.find(({ id }) => id === record.pepper_id)
    if (pepper === undefined) reportPepper(record)
    const { id: key_id, kind: key_kind, prefix, scopes } = record
    return {
      record,
      pepper,
      principal: project && { kind: 'key', key_kind, key_id, prefix, scopes, project },
      allows: matcherOf(project?.allowed_origins ?? []),
    }
  }

  function reportPepper({ prefix, pepper_id }: KeyRecord): void {
    onDiagnostic({
      kind: 'pepper_mismatch',
      level: 'error',
      prefix,
      pepper_id,
      message:
        `The key ${prefix} was made with a pepper that is not configured, so it can't be verified. Start with ` +
        'the pepper whose SHA-256 starts with this pepper_id (add it as a previous pepper), or make a new key.',
    })
  }

  async function verify(presented: ParsedKey): Promise<CachedKey> {
    const found = cache.find(presented.prefix)
    const cached = found instanceof Promise ? await checkable(found) : found
    const hash = hashSecret(presented.secret, cached?.pepper ?? NO_PEPPER)
    const matches = constantTimeEqualHex(
      typeof hash === 'string' ? hash : await hash,
      cached?.record.secret_hash ?? NO_HASH,
    )
    if (cached === undefined || cached.pepper === undefined || !matches || !isLive(cached, clock())) {
      throw invalidKey()
    }
    const { kind, env } = cached.record
    // There is no such key in that environment.
    if (env !== presented.env) throw invalidKey()
    if (kind !== presented.kind) {
      throw new AnalyticsError('key_kind_mismatch', `This key is a ${kind} key; send it as it was made.`)
    }
    return cached
  }

  async function chooseProject(account: AccountPrincipal, need: AuthenticationNeed): Promise<KeyPrincipal> {
    const { owner, scopes } = account
    if (need.scope !== undefined && !scopes.includes(need.scope)) {
      throw new AnalyticsError(
        'insufficient_scope',
        `This account key has the scopes [${scopes.join(', ')}]; this call needs "${need.scope}".`,
        { details: { needs: need.scope, has: scopes } },
      )
    }
    if (need.project === undefined) {
      throw invalidField(
        'project_id',
        'an account key reads many projects: name one, by project_id or project_slug.',
      )
    }
    const project = await findProject(need.project)
    if (project?.owner !== owner) throw unknownProject()
    return inProject(account, project)
  }

  return {
    async authenticate(request, need) {
      const presented = presentedKey(request, need.allowQueryKey)
      if (presented.kind === 'rt') return await checkToken.authenticate(request, presented, need)
      const { record, principal, allows } = await verify(presented)
      use.mark(record.id)
      requireKind(need, record.kind)
      if (principal === undefined) return await chooseProject(accountOf(record), need)
      if (need.scope !== undefined) requireScope(principal, need.scope)
      if (record.kind === 'pk' && !allows(request.headers.get('origin'))) {
        throw new AnalyticsError(
          'origin_not_allowed',
          "The Origin of this request is not on the project's allowed_origins, which public keys need.",
        )
      }
      requireNamed(principal.project, need)
      return principal
    },
    async authenticateAccount(request, refusal = 'insufficient_scope') {
      const presented = presentedKey(request, false)
      if (presented.kind === 'rt') await checkToken.verify(presented)
      else {
        const { record, principal } = await verify(presented)
        use.mark(record.id)
        if (principal === undefined) return accountOf(record)
      }
      throw new AnalyticsError(
        refusal,
        refusal === 'insufficient_scope'
          ? 'This path takes an account key (ak_…) or a session.'
          : 'This path takes an account key (ak_…).',
      )
    },
    invalidate: cache.forget,
    invalidateProject(projectId) {
      cache.forgetWhere(({ record }) => record.project_id === projectId)
    },
    invalidateAll: cache.forgetAll,
    flushUsed: use.flush,
  }
}

function accountOf({ id, owner, prefix, scopes }: KeyRecord): AccountPrincipal {
  return { kind: 'account', owner: owner ?? '', key_id: id, prefix, scopes }
}

function isLive({ record, principal }: CachedKey, now: number): boolean {
  const { kind, owner, revoked_at, expires_at } = record
  if (revoked_at !== null || (expires_at !== null && expires_at <= now)) return false
  // Nothing without its project or its owner: an empty owner must not match projects of no owner.
  return principal !== undefined || (kind === 'ak' && owner !== null && owner !== '')
}
