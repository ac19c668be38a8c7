import { AnalyticsError } from '../errors.js'
import type { Project } from '../ports/key-store.js'
import { toConditions } from '../query/conditions.js'
import type { AuthenticationNeed } from './authenticate.js'
import { matcherOf } from './origin.js'
import { type KeyPrincipal, requireScope } from './principal.js'
import type { ParsedToken, TokenSigner } from './read-token.js'
import { checkable, invalidKey, requireKind, requireNamed } from './refusals.js'

export interface TokenCheck {
  /** Who holds it. Errors: `invalid_api_key`, `token_expired`, `storage_unavailable`. */
  verify(token: ParsedToken): Promise<KeyPrincipal>
  /** The same for one request. Errors as for keys, and `key_kind_not_allowed` where no tokens are taken. */
  authenticate(request: Request, token: ParsedToken, need: AuthenticationNeed): Promise<KeyPrincipal>
}

export function createTokenCheck(options: {
  tokens: TokenSigner
  clock: () => number
  findProject: (id: string) => Promise<Project | undefined>
  /** By prefix; undefined for a key that does not work any more. */
  findKey: (prefix: string) => Promise<KeyPrincipal | undefined>
}): TokenCheck {
  const { tokens, clock, findProject, findKey } = options

  async function verify(token: ParsedToken): Promise<KeyPrincipal> {
    const claims = await checkable(tokens.read(token))
    if (claims === undefined) throw invalidKey()
    // Before anything is looked up: pages that stay open send old tokens for hours.
    if (claims.expires_at <= clock()) {
      throw new AnalyticsError('token_expired', 'This read token is over; get a new one.')
    }
    const maker = claims.key === undefined ? undefined : await findKey(claims.key)
    if (claims.key !== undefined && maker === undefined) throw invalidKey()
    const project = maker === undefined ? await checkable(findProject(claims.project)) : maker.project
    if (project?.id !== claims.project) throw invalidKey()
    const { filters, metrics, group_by } = claims
    return {
      kind: 'key',
      key_kind: 'rt',
      key_id: maker?.key_id ?? '',
      prefix: maker?.prefix ?? '',
      scopes: ['read'],
      project,
      // Names were held against the catalog when it was made; a catalog that changed since must not widen it.
      visible: toConditions(filters, undefined),
      ...(metrics === undefined ? {} : { metrics }),
      ...(group_by === undefined ? {} : { group_by }),
    }
  }

  return {
    verify,
    async authenticate(request, token, need) {
      const principal = await verify(token)
      requireKind(need, 'rt')
      if (need.scope !== undefined) requireScope(principal, need.scope)
      if (need.allowToken !== true) {
        throw new AnalyticsError('key_kind_not_allowed', 'This path takes a key, not a read token.')
      }
      const origin = request.headers.get('origin')
      // Made for pages, which say where they are; a server that holds one has no origin.
      if (origin !== null && !matcherOf(principal.project.allowed_origins)(origin)) {
        throw new AnalyticsError(
          'origin_not_allowed',
          "The Origin of this request is not on the project's allowed_origins, which read tokens need in browsers.",
        )
      }
      requireNamed(principal.project, need)
      return principal
    },
  }
}
