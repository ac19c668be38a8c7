import { AnalyticsError } from '../errors.js'
import type { Project } from '../ports/key-store.js'
import type { AuthenticationNeed } from './authenticate.js'
import type { KeyPrincipal } from './principal.js'

// One for all who are refused: a flood would spend its memory on writing down where each was.
const INVALID = new AnalyticsError('invalid_api_key', 'This API key is not valid.')
// The reason goes to the diagnostics; clients learn only whose fault it is not.
const UNCHECKABLE = new AnalyticsError('storage_unavailable', 'API keys can not be checked right now.', {
  retryAfter: 2,
})

/** The same whatever is wrong with a key. */
export function invalidKey(): AnalyticsError {
  return INVALID
}

/** The same for a project of somebody else as for one that does not exist. */
export function unknownProject(): AnalyticsError {
  return new AnalyticsError('unknown_project', 'There is no such project.')
}

/** Throws for kinds that the need does not take. */
export function requireKind({ secretOnly, kinds }: AuthenticationNeed, kind: KeyPrincipal['key_kind']): void {
  if (kinds !== undefined && !kinds.includes(kind)) {
    throw new AnalyticsError(
      'key_kind_not_allowed',
      `This takes keys of the kinds ${kinds.join(', ')}, not ${kind}.`,
    )
  }
  if (secretOnly === undefined || kind === 'sk') return
  const what = kind === 'rt' ? 'read token' : `${kind} key`
  throw new AnalyticsError(secretOnly, `This takes a secret key (sk_…) of the project, not a ${what}.`)
}

/** Throws `unknown_project` when the request names another project than the key's own. */
export function requireNamed({ id, slug }: Project, { project }: AuthenticationNeed): void {
  if (project !== undefined && project !== id && project !== slug) throw unknownProject()
}

/** Whatever keeps a key from being checked is not the key's fault: `storage_unavailable`. */
export async function checkable<T>(work: T | Promise<T>): Promise<T> {
  try {
    return await work
  } catch {
    throw UNCHECKABLE
  }
}
