import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { AnalyticsError } from '../errors.js'
import type { AuthenticateUser } from './session.js'

export type { AuthenticateUser, HostUser } from './session.js'

export interface SupabaseUsersOptions {
  /** `https://<project>.supabase.co`; its `/auth/v1` must have issued the token. */
  readonly url: string
  /**
   * The legacy JWT secret of the project (HS256). Without it, tokens are checked against the public keys of the
   * project (ES256, RS256 or EdDSA), fetched once and again when they rotate.
   */
  readonly secret?: string | undefined
  /**
   * Who may see and change all projects. Look only at what users can't write themselves: `app_metadata`, never
   * `user_metadata`.
   */
  readonly isAdmin?: ((claims: Readonly<Record<string, unknown>>) => boolean) | undefined
}

// What is wrong with a token, as told apart from what is wrong with fetching the keys.
const REFUSED: ReadonlySet<unknown> = new Set([
  'ERR_JWT_EXPIRED',
  'ERR_JWT_CLAIM_VALIDATION_FAILED',
  'ERR_JWT_INVALID',
  'ERR_JWS_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
])
const LONGEST_TOKEN = 16_384

/**
 * For `createAnalytics({ authenticateUser })`: users signed in with Supabase, by the access token in
 * `Authorization: Bearer`. Their id is the token's `sub`, which is `auth.uid()` in SQL. Anonymous sign-ins, the
 * anon key and the service key are nobody. Needs `jose`; fetches nothing until first use. Throws `invalid_options`.
 */
export function supabaseUsers(options: SupabaseUsersOptions): AuthenticateUser {
  const { secret, isAdmin } = options
  const issuer = `${checkUrl(options.url)}/auth/v1`
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < 32)) {
    throw new AnalyticsError('invalid_options', 'secret must be the JWT secret of the Supabase project.')
  }
  let loading: Promise<Verify> | undefined

  async function load(): Promise<Verify> {
    const jose = await import('jose').catch((cause: unknown) => {
      throw new AnalyticsError('missing_dependency', 'supabaseUsers needs jose: npm install jose', { cause })
    })
    const checks: JWTVerifyOptions = {
      issuer,
      audience: 'authenticated',
      requiredClaims: ['sub', 'exp'],
      clockTolerance: 5,
      // Named here and never read from the token: a public key must not be taken for a shared secret.
      algorithms: secret === undefined ? ['ES256', 'RS256', 'EdDSA'] : ['HS256'],
    }
    if (secret !== undefined) {
      const key = new TextEncoder().encode(secret)
      return async (token) => (await jose.jwtVerify(token, key, checks)).payload
    }
    const keys: JWTVerifyGetKey = jose.createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
    return async (token) => (await jose.jwtVerify(token, keys, checks)).payload
  }

  async function claimsOf(token: string): Promise<JWTPayload | undefined> {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    const verify = await loading
    try {
      return await verify(token)
    } catch (cause) {
      if (typeof cause === 'object' && cause !== null && 'code' in cause && REFUSED.has(cause.code)) {
        return undefined
      }
      throw new AnalyticsError('storage_unavailable', 'Sessions can not be checked right now.', {
        retryAfter: 5,
        cause,
      })
    }
  }

  return async (request) => {
    const [, token] = /^bearer ([\w.-]+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
    if (token === undefined || token.length > LONGEST_TOKEN) return undefined
    const claims = await claimsOf(token)
    if (claims?.sub === undefined || claims.role !== 'authenticated' || claims.is_anonymous === true)
      return undefined
    return { id: claims.sub, admin: isAdmin?.(claims) === true }
  }
}

type Verify = (token: string) => Promise<JWTPayload>

function checkUrl(url: string): string {
  const bare = typeof url === 'string' ? url.replace(/\/+$/, '') : ''
  if (URL.canParse(bare) && /^https?:$/.test(new URL(bare).protocol) && new URL(bare).search === '')
    return bare
  throw new AnalyticsError(
    'invalid_options',
    'url must be the URL of the project: https://<project>.supabase.co.',
  )
}
