import { AnalyticsError, isAnalyticsError } from '../../errors.js'

const RETRY_AFTER_S = 5

// SQLSTATE classes and codes that say nothing about the statement: connection, resources, rollback of a
// deadlock, locks, operator and shutdown.
const PASSING = /^(?:08|53|57|58|40|55)/

/**
 * What a failed statement means to the caller: `slug_taken`, `storage_unavailable` when trying again or
 * repairing the database may help, else the error itself. Messages hold no host, user or statement; the
 * original is the cause.
 */
export function storeFailure(error: unknown): unknown {
  if (isAnalyticsError(error)) return error
  const { state, constraint, code } = facts(error)
  if (state === undefined) {
    // A mistake in our own code must stay recognisable as one.
    if (error instanceof TypeError || error instanceof RangeError) return error
    return unavailable(`The database of the key store can't be reached${code}.`, error)
  }
  if (state === '23505' && constraint === 'projects_slug_key') {
    return new AnalyticsError('slug_taken', 'This slug is taken.', { cause: error })
  }
  if (PASSING.test(state))
    return unavailable(`The database of the key store is not available (${state}).`, error)
  if (state === '42P01' || state === '42703' || state === '3F000') {
    return unavailable('The tables of the key store are missing or old: run its migrate() first.', error)
  }
  if (state === '42501') {
    return unavailable('The database role of the key store may not do this: grant it the tables.', error)
  }
  if (/^(?:28|3D)/.test(state)) {
    return unavailable(
      `The database refused the connection (${state}): check role, password and name.`,
      error,
    )
  }
  return error
}

function unavailable(message: string, cause: unknown): AnalyticsError {
  return new AnalyticsError('storage_unavailable', message, { retryAfter: RETRY_AFTER_S, cause })
}

function facts(error: unknown): { state?: string; constraint?: unknown; code: string } {
  if (typeof error !== 'object' || error === null) return { code: '' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // Postgres errors carry a severity; EPIPE has five letters too.
  if ('severity' in error && code !== undefined) {
    return { state: code, constraint: 'constraint' in error ? error.constraint : undefined, code: '' }
  }
  return { code: code === undefined ? '' : ` (${code})` }
}
