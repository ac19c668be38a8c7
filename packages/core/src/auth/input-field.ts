import { AnalyticsError } from '../errors.js'

/** An `invalid_params` error that names the field. */
export function invalidField(field: string, problem: string): AnalyticsError {
  return new AnalyticsError('invalid_params', `${field}: ${problem}`, { details: { field } })
}

/** A text of 1 to `longest` characters that every database can store; throws `invalid_params` otherwise. */
export function textField(field: string, value: unknown, longest: number): string {
  if (typeof value !== 'string') throw invalidField(field, 'must be a text.')
  if (value.length < 1 || value.length > longest)
    throw invalidField(field, `must have 1 to ${longest} characters.`)
  // Postgres refuses U+0000, JSON refuses lone surrogates, and logs should keep one line each.
  if (/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(value)) {
    throw invalidField(field, 'must not hold control characters or broken surrogate pairs.')
  }
  return value
}

/** Throws `invalid_params` for a field that nothing reads: a typo must not look like a success. */
export function knownFields(input: unknown, allowed: readonly string[]): void {
  if (typeof input !== 'object' || input === null) throw invalidField('input', 'must be an object.')
  for (const field of Object.keys(input)) {
    if (allowed.includes(field)) continue
    throw invalidField(field.slice(0, 100), `is not known here; known are ${allowed.join(', ')}.`)
  }
}
