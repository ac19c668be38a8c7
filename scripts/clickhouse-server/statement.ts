export interface Statement {
  /** First keyword, upper case: SELECT, INSERT, KILL … */
  keyword: string
  /** What follows FORMAT, if the statement names one. */
  format: string | undefined
  /** Another statement follows a semicolon. */
  more: boolean
}

const TOKEN = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\])*'|`[^`]*`|"[^"]*"|;|[A-Za-z_]\w*|[^\s]/g

/** Reads as much of a statement as HTTP needs to know; the engine has the real parser. */
export function readStatement(sql: string): Statement {
  let keyword = ''
  let format: string | undefined
  let previous = ''
  let ended = false
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token.startsWith('--') || token.startsWith('/*')) continue
    if (ended) return { keyword, format, more: true }
    if (token === ';') {
      ended = true
      continue
    }
    const word = token.toUpperCase()
    if (keyword === '') keyword = word
    if (previous === 'FORMAT' && /^\w+$/.test(token)) format = token
    // What follows in an INSERT is data, where a semicolon or a quote means nothing.
    if (keyword === 'INSERT' && (format !== undefined || word === 'VALUES')) break
    previous = word
  }
  return { keyword, format, more: false }
}

/** The mark that makes a running statement findable: chDB gives statements ids of its own. */
export function markQuery(queryId: string): string {
  return `/*query_id:${queryId.replaceAll('*', '')}*/ `
}

/** `KILL QUERY WHERE query_id = …` looks for the mark instead. */
export function killByMark(sql: string): string {
  return sql.replace(
    /\bquery_id\s*=\s*('(?:\\.|[^'\\])*'|\{[^}]*\})/g,
    "startsWith(query, concat('/*query_id:', $1, '*/'))",
  )
}

export function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`
}
