import { AnalyticsError } from '../../errors.js'

/** RE2 syntax as far as JavaScript has it; what only JavaScript has is refused, as RE2 refuses it. */
export function patternOf(pattern: string, fold: boolean): RegExp {
  const flagged = /^\(\?([ims]+)\)/.exec(pattern)
  const body = pattern.slice(flagged?.[0].length ?? 0)
  const flags = new Set(['u', 's', ...(fold ? ['i'] : []), ...(flagged?.[1] ?? '')])
  try {
    if (/\(\?<?[=!]|\\[1-9]/.test(body)) throw new SyntaxError('invalid perl operator')
    return new RegExp(body, [...flags].join(''))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'not RE2 syntax'
    throw new AnalyticsError(
      'invalid_params',
      `filters: a pattern of matches is not RE2 syntax (${reason}). See github.com/google/re2/wiki/Syntax.`,
      { details: { field: 'filters', reason: 'invalid_pattern' }, cause },
    )
  }
}
