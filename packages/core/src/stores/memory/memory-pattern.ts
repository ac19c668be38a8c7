import { AnalyticsError } from '../../errors.js'
import type { Condition, TextCondition } from '../../ports/conditions.js'
import type { QueryPlan } from '../../ports/query-plan.js'

/** RE2 syntax as JavaScript has it; what only JavaScript has is refused, as RE2 refuses it. */
export function patternOf(pattern: string, fold: boolean): RegExp {
  const [leading = '', given = ''] = /^\(\?([imsU]+)\)/.exec(pattern) ?? []
  // Greed says how much is found, not whether something is.
  const flags = new Set(['u', 's', ...(fold ? ['i'] : []), ...given.replaceAll('U', '')])
  try {
    return new RegExp(translated(pattern.slice(leading.length)), [...flags].join(''))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'not RE2 syntax'
    throw new AnalyticsError(
      'invalid_params',
      `filters: a pattern of matches is not RE2 syntax (${reason}). See github.com/google/re2/wiki/Syntax.`,
      { details: { field: 'filters', reason: 'invalid_pattern' }, cause },
    )
  }
}

/** Throws for a pattern that is none, also where there are no events to hold against it. */
export function checkPatterns(plan: QueryPlan): void {
  for (const { values, fold } of matchesIn(conditionsOf(plan))) {
    for (const value of values) patternOf(value, fold === true)
  }
}

function matchesIn(conditions: readonly Condition[]): TextCondition[] {
  return conditions.flatMap((condition) => {
    switch (condition.op) {
      case 'and':
      case 'or':
        return matchesIn(condition.of)
      case 'not':
        return matchesIn([condition.of])
      case 'done':
        return matchesIn(condition.match.where)
      case 'matches':
        return [condition]
      default:
        return []
    }
  })
}

function conditionsOf(plan: QueryPlan): Condition[] {
  const { visible = [] } = plan
  const own = 'filters' in plan ? [...visible, ...plan.filters] : [...visible]
  switch (plan.kind) {
    case 'stats':
      return [...own, ...(plan.goal?.where ?? [])]
    case 'attribution':
      return [...own, ...plan.conversion.where]
    case 'funnel':
      return [...own, ...plan.steps.flatMap(({ where }) => where)]
    case 'cohorts':
      return [...own, ...(plan.start?.where ?? []), ...(plan.returning?.where ?? [])]
    case 'paths':
      return [...own, ...plan.start.where]
    default:
      return own
  }
}

function translated(pattern: string): string {
  let text = ''
  for (let at = 0; at < pattern.length; ) {
    const [length, part] = partAt(pattern.slice(at))
    text += part
    at += length
  }
  return text
}

/** How much of the pattern one part of it is, and what it is in JavaScript. */
type Part = readonly [length: number, text: string]

function partAt(rest: string): Part {
  const [sign = ''] = rest
  if (sign === '\\') return escapeAt(rest, false)
  if (sign === '[') return classAt(rest)
  if (sign === '(') return groupAt(rest)
  if (sign === '{') return repeatAt(rest)
  return sign === ']' || sign === '}' ? [1, `\\${sign}`] : [1, sign]
}

function groupAt(rest: string): Part {
  const named = /^\(\?P?<[A-Za-z_]\w*>/.exec(rest)?.[0]
  if (named !== undefined) return [named.length, named.replace('?P<', '?<')]
  if (rest.startsWith('(?:') || !rest.startsWith('(?')) return [1, '(']
  throw new SyntaxError(
    /^\(\?[imsU-]+[:)]/.test(rest)
      ? 'the memory store takes flags at the beginning only'
      : 'invalid perl operator',
  )
}

function repeatAt(rest: string): Part {
  const [repeat, from = '', to = from] = /^\{(\d+)(?:,(\d*))?\}/.exec(rest) ?? []
  if (repeat === undefined) return [1, '\\{']
  if (Number(from) > 1000 || Number(to) > 1000) throw new SyntaxError('bad repetition argument')
  return [repeat.length, repeat]
}

/** Ranges of code points, by the names of POSIX. */
const POSIX: ReadonlyMap<string, readonly (readonly [number, number])[]> = new Map([
  [
    'alnum',
    [
      [48, 57],
      [65, 90],
      [97, 122],
    ],
  ],
  [
    'alpha',
    [
      [65, 90],
      [97, 122],
    ],
  ],
  ['ascii', [[0, 127]]],
  [
    'blank',
    [
      [9, 9],
      [32, 32],
    ],
  ],
  [
    'cntrl',
    [
      [0, 31],
      [127, 127],
    ],
  ],
  ['digit', [[48, 57]]],
  ['graph', [[33, 126]]],
  ['lower', [[97, 122]]],
  ['print', [[32, 126]]],
  [
    'punct',
    [
      [33, 47],
      [58, 64],
      [91, 96],
      [123, 126],
    ],
  ],
  [
    'space',
    [
      [9, 13],
      [32, 32],
    ],
  ],
  ['upper', [[65, 90]]],
  [
    'word',
    [
      [48, 57],
      [65, 90],
      [95, 95],
      [97, 122],
    ],
  ],
  [
    'xdigit',
    [
      [48, 57],
      [65, 70],
      [97, 102],
    ],
  ],
])
/** `\s` is without the vertical tab. */
const SPACE = [
  [9, 10],
  [12, 13],
  [32, 32],
] as const

function classAt(rest: string): Part {
  const opening = rest.startsWith('[^') ? '[^' : '['
  let at = opening.length
  let text = opening
  for (let first = true; first || rest[at] !== ']'; first = false) {
    const [length, part] = memberAt(rest.slice(at))
    text += part
    at += length
  }
  return [at + 1, `${text}]`]
}

function memberAt(rest: string): Part {
  const [sign] = rest
  if (sign === undefined) throw new SyntaxError('missing ]')
  if (sign === '\\') return escapeAt(rest, true)
  const [whole, not, name = ''] = /^\[:(\^?)(\w+):\]/.exec(rest) ?? []
  if (whole === undefined) return [1, sign === '[' || sign === ']' ? `\\${sign}` : sign]
  const ranges = POSIX.get(name)
  if (ranges === undefined) throw new SyntaxError('invalid character class range')
  return [whole.length, rangesText(not === '' ? ranges : complement(ranges))]
}

function complement(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const starts = [0, ...ranges.map(([, last]) => last + 1)]
  const ends = [...ranges.map(([first]) => first - 1), 0x10ffff]
  return starts.map((start, n) => [start, ends[n] ?? 0] as const).filter(([start, end]) => start <= end)
}

function rangesText(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([first, last]) => `${point(first)}-${point(last)}`).join('')
}

function point(code: number): string {
  return `\\u{${code.toString(16)}}`
}

function escapeAt(rest: string, inClass: boolean): Part {
  const [, next = ''] = rest
  const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
  if (octal !== null) return [octal[0].length, point(Number.parseInt(octal[1] ?? '0', 8))]
  const hex = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest)
  if (hex !== null) return [hex[0].length, point(Number.parseInt(hex[1] ?? hex[2] ?? '', 16))]
  const property = /^\\([pP])(?:([A-Z])|\{(\^?)(\w+)\})/.exec(rest)
  if (property !== null) return [property[0].length, propertyText(property)]
  if (next === 's' || next === 'S') {
    const text = rangesText(next === 's' ? SPACE : complement(SPACE))
    return [2, inClass ? text : `[${text}]`]
  }
  if (/[dDwWnrtfv]/.test(next)) return [2, `\\${next}`]
  if (next === 'a') return [2, point(7)]
  if (!inClass) {
    if (next === 'Q') return quotedAt(rest)
    const anchor = ANCHORS.get(next)
    if (anchor !== undefined) return [2, anchor]
  }
  // Every sign of ASCII that is no letter, digit or underscore stands for itself.
  if (/^[\x00-\x7f]$/.test(next) && !/\w/.test(next)) return [2, point(next.charCodeAt(0))]
  throw new SyntaxError(`invalid escape sequence: \\${next}`)
}

const ANCHORS: ReadonlyMap<string, string> = new Map([
  ['A', '(?<![\\s\\S])'],
  ['z', '(?![\\s\\S])'],
  ['b', '\\b'],
  ['B', '\\B'],
  ['C', '[\\s\\S]'],
])

function propertyText([, letter, short, not = '', long = '']: RegExpExecArray): string {
  const name = short ?? (long.length <= 2 || long === 'Any' ? long : `Script=${long}`)
  const negative = (letter === 'P') !== (not === '^')
  return `\\${negative ? 'P' : 'p'}{${name}}`
}

function quotedAt(rest: string): Part {
  const end = rest.indexOf('\\E', 2)
  const quoted = end < 0 ? rest.slice(2) : rest.slice(2, end)
  const text = [...quoted].map((sign) => point(sign.codePointAt(0) ?? 0)).join('')
  return [end < 0 ? rest.length : end + 2, text]
}
