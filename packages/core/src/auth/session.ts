import { AnalyticsError } from '../errors.js'

/** A user of the host, as its own login knows them. */
export interface HostUser {
  /** What projects store as their `owner`, 1–256 characters. */
  readonly id: string
  /** Sees and changes all projects, and sets plans and owners. Default false. */
  readonly admin?: boolean | undefined
}

/**
 * Who sends this request, by the session of the host: a cookie, a token, anything but a key. Null or undefined is
 * answered 401 `invalid_session`. The request has no body here. Throw only when sessions can't be checked.
 */
export type AuthenticateUser = (
  request: Request,
) => HostUser | null | undefined | Promise<HostUser | null | undefined>

/** A signed-in user of the host. */
export interface UserPrincipal {
  readonly kind: 'user'
  readonly id: string
  readonly admin: boolean
}

/** Rejects with 401 `invalid_session`, or with what `authenticateUser` throws. */
export async function requireUser(
  request: Request,
  authenticateUser: AuthenticateUser,
): Promise<UserPrincipal> {
  const { url, method, headers } = request
  const user = await authenticateUser(new Request(url, { method, headers }))
  if (typeof user !== 'object' || user === null) throw invalidSession()
  const { id, admin } = user
  if (typeof id !== 'string' || id.length < 1 || id.length > 256) throw invalidSession()
  return { kind: 'user', id, admin: admin === true }
}

function invalidSession(): AnalyticsError {
  return new AnalyticsError(
    'invalid_session',
    'Sign in first: this path takes a session of the host, not a key.',
  )
}
