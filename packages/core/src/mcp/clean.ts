/** JSON that a tool answers with. */
export type Answer = Readonly<Record<string, unknown>>

// Longer text is rarely read and often an attack; a row of nothing but the longest must still fit into a result.
const LONGEST = 512

// What nobody sees, but a model reads: control and format characters (bidi, zero-width, tags), separators of lines,
// halves of pairs, variation selectors and fillers.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]+/gu
const BREAK = /[\t\n\v\f\r\u0085\u2028\u2029]/

/** Text that visitors may have written: on one line, without what is not seen, of bounded length. */
export function cleanText(text: string, longest: number = LONGEST): string {
  const seen = text.replace(UNSEEN, (run) => (BREAK.test(run) ? ' ' : ''))
  if (seen.length <= longest) return seen
  const cut = seen.slice(0, longest)
  const whole = cut.isWellFormed() ? cut : cut.slice(0, -1)
  return `${whole}… (${seen.length - whole.length} more characters)`
}

/** The same for every text in a value. A cursor is ours, and of no use when it is shortened. */
export function cleanData(answer: Answer): Answer {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [cleanText(name), cleanValue(value, name)]),
  )
}

function cleanValue(value: unknown, name: string): unknown {
  if (typeof value === 'string') return name === 'next_cursor' ? value : cleanText(value)
  if (Array.isArray(value)) return value.map((item: unknown) => cleanValue(item, name))
  return isObject(value) ? cleanData(value) : value
}

export function isObject(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * JSON on one line that holds no angle bracket: text in it can't look like the end of what it stands in, and parses to
 * the same value.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(/[<>]/g, (sign) => (sign === '<' ? '\\u003c' : '\\u003e'))
}
