import type { ObjectSchema } from '@millimetric/schema'
import type { AccountPrincipal, KeyPrincipal } from '../auth/principal.js'
import type { LimitedRoute } from '../auth/rate-limit.js'
import type { ExtensionCall, ExtensionDeps } from '../extension.js'
import { rateLimited } from '../http/rate-limit-headers.js'
import type { Scope } from '../ports/key-store.js'
import type { Answer } from './clean.js'
import type { Found } from './result.js'

/** One request, and who sent it. */
export interface Asking<P = KeyPrincipal | AccountPrincipal> {
  deps: ExtensionDeps
  call: ExtensionCall
  principal: P
}

/** A tool as one door offers it. */
export interface Tool<P> {
  name: string
  title: string
  description: string
  scope: Scope
  input: ObjectSchema
  output: ObjectSchema
  /** Throws `insufficient_scope`, `rate_limited`, and what the use case throws. */
  run(asking: Asking<P>, args: Answer): Promise<Found>
}

/** What can be read under an address of its own. */
export interface Resource<P> {
  uri: string
  name: string
  title: string
  description: string
  read(asking: Asking<P>): Promise<Found>
}

/** What one path offers. */
export interface Door<P> {
  tools: readonly Tool<P>[]
  resources: readonly Resource<P>[]
}

/** Throws `rate_limited`. */
export async function takeFromLimit(
  { deps }: Asking,
  principal: KeyPrincipal,
  route: LimitedRoute,
): Promise<void> {
  const limited = await deps.limiter.take(principal, route)
  if (limited?.taken.allowed === false) throw rateLimited(limited)
}
