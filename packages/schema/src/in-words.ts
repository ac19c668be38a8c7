import { suggest } from './suggestion.js'

/** What a check of zod says of a mistake; only what is read here. */
interface Issue {
  readonly code?: string
  readonly input?: unknown
  readonly expected?: unknown
  readonly origin?: unknown
  readonly minimum?: unknown
  readonly maximum?: unknown
  readonly values?: readonly unknown[]
  readonly format?: unknown
}

/**
 * What is wrong with a parameter, in words that say what to write instead; for schemas that have none of their own. An error
 * map of zod, handed to `safeParse`.
 */
export function inWords(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'missing' : `takes ${TAKEN.get(issue.expected) ?? issue.expected}`
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'is empty'
        : `takes at least ${issue.minimum}${unitOf(issue)}`
    case 'too_big':
      return `takes at most ${issue.maximum}${unitOf(issue)}`
    case 'invalid_value':
      return notOneOf(issue.input, issue.values ?? [])
    case 'invalid_format':
      return issue.format === 'template_literal' ? 'takes properties.<key>' : undefined
    default:
      return undefined
  }
}

function notOneOf(input: unknown, values: readonly unknown[]): string {
  const names = values.map(String)
  return `"${String(input).slice(0, 64)}" is not one of ${names.join(', ')}${suggest(input, names)}`
}

const TAKEN: ReadonlyMap<unknown, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object'],
])

function unitOf({ origin }: Issue): string {
  return origin === 'string' ? ' characters' : ''
}
