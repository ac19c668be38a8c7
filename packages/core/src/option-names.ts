import { suggest } from '@millimetric/schema'
import { AnalyticsError } from './errors.js'

/**
 * Throws `invalid_options` for a name that is no option of `owner`, with what was probably meant: an option that is
 * spelt wrong would be silently without effect. `names` has a key for each option there is; the compiler sees that none
 * is missing.
 */
export function requireOptionNames<T extends object>(
  owner: string,
  given: T | undefined,
  names: Readonly<Record<keyof T, unknown>>,
): void {
  if (given === undefined) return
  const known = Object.keys(names)
  if (typeof given !== 'object' || given === null) {
    throw new AnalyticsError('invalid_options', `${owner} takes an object: { ${known.join(', ')} }.`)
  }
  const unknown = Object.keys(given).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const list = unknown.map((name) => `${name}${suggest(name, known)}`).join(', ')
  throw new AnalyticsError(
    'invalid_options',
    `${owner}: unknown option ${list}. Known options: ${known.join(', ')}.`,
  )
}
