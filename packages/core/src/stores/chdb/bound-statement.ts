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
