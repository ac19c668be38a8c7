import { AnalyticsError } from '../errors.js'
import type { KeyKind, Project, Scope } from '../ports/key-store.js'

/** Who asks. Every use case takes one and checks its scope first, so no door skips the check. */
export type Principal = ProcessPrincipal | KeyPrincipal

/** The host's own code, calling in process. */
export interface ProcessPrincipal {
  readonly kind: 'process'
  readonly project: Project
}

/** A request that carried a valid key. */
export interface KeyPrincipal {
  readonly kind: 'key'
  readonly key_kind: KeyKind
  readonly key_id: string
  /** The part of the key that may be shown. */
  readonly prefix: string
  readonly scopes: readonly Scope[]
  readonly project: Project
}

/** A request that carried a valid account key: reads every project of the owner. */
export interface AccountPrincipal {
  readonly kind: 'account'
  readonly owner: string
  readonly key_id: string
  /** The part of the key that may be shown. */
  readonly prefix: string
  readonly scopes: readonly Scope[]
}

/** Throws `insufficient_scope` unless the principal may do this. In-process code may do everything. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.kind === 'process' || principal.scopes.includes(scope)) return
  throw new AnalyticsError(
    'insufficient_scope',
    `This ${principal.key_kind} key has the scopes [${principal.scopes.join(', ')}]; this call needs "${scope}".`,
    { details: { needs: scope, has: principal.scopes } },
  )
}

/** Secret keys and in-process code may speak for a visitor (address, user agent) and are never judged bots. */
export function isTrusted(principal: Principal): boolean {
  return principal.kind === 'process' || principal.key_kind === 'sk'
}
