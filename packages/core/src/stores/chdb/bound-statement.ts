/**
 * `SET param_a='…', …`, which binds `{a:Type}` in the next statements of a connection. The engine's own way of binding
 * keeps all statements of the process in one row, whatever their connection: behind a report of five seconds every lookup
 * of an event id waited for five seconds.
 */
export function bindingStatement(params: Readonly<Record<string, unknown>>): string | undefined {
  const pairs = Object.entries(params).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new TypeError(`not a plain name: ${name}`)
    return `param_${name}=${quoted(parameterText(value))}`
  })
  return pairs.length === 0 ? undefined : `SET ${pairs.join(', ')}`
}

// Cheap, for inserts of megabytes: most statements that hold no parameter hold nothing that looks like one.
const PARAMETER = /\{\s*([A-Za-z_]\w*)\s*:/g
const LITERAL = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|--[^\n]*|\/\*[\s\S]*?\*\//

const TOKEN = new RegExp(`${LITERAL.source}|${PARAMETER.source}`, 'gs')

/**
 * Throws when the statement names a parameter that it binds no value for. A server would refuse it; here the value that
 * an earlier statement of the connection left there would be taken, and that may be another tenant's.
 */
export function requireBound(query: string, params: Readonly<Record<string, unknown>>): void {
  if (unboundIn(query, PARAMETER, params) === undefined) return
  const name = unboundIn(query, TOKEN, params)
  if (name !== undefined) throw new TypeError(`the statement binds no value for ${name}`)
}

function unboundIn(
  query: string,
  pattern: RegExp,
  params: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [, name] of query.matchAll(pattern)) {
    if (name !== undefined && !Object.hasOwn(params, name)) return name
  }
  return undefined
}

/** A value in the escaped text that parameters are read from, as HTTP carries them too. */
function parameterText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(itemText).join(',')}]`
  return typeof value === 'string' ? escaped(value) : plain(value)
}

function itemText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(itemText).join(',')}]`
  return typeof value === 'string' ? `'${escaped(value)}'` : plain(value)
}

function plain(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (value === null) return '\\N'
  throw new TypeError(`no parameter can hold a ${typeof value}`)
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\0', '\\0'],
])

function escaped(text: string): string {
  return text.replace(/[\\'\t\n\r\0]/g, (char) => ESCAPES.get(char) ?? char)
}

function quoted(text: string): string {
  return `'${text.replace(/[\\'\0]/g, (char) => ESCAPES.get(char) ?? char)}'`
}
