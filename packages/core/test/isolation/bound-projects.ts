/** The innermost parentheses around a position that hold a whole query, without the queries nested in them. */
export function scopeOf(sql: string, at: number): string {
  let [depth, start] = [0, 0]
  for (let i = at; i >= 0; i--) {
    if (sql[i] === ')') depth++
    if (sql[i] === '(' && depth-- === 0) {
      start = i + 1
      break
    }
  }
  let [level, scope] = [0, '']
  for (let i = start; i < sql.length; i++) {
    if (sql[i] === ')' && level-- === 0) break
    if (sql[i] === '(') {
      level++
      if (/^\(\s*(?:SELECT|WITH)\b/i.test(sql.slice(i, i + 40))) {
        const end = closing(sql, i)
        scope += '(…)'
        i = end
        level--
        continue
      }
    }
    scope += sql[i]
  }
  return scope
}

function closing(sql: string, open: number): number {
  let level = 0
  for (let i = open; i < sql.length; i++) {
    if (sql[i] === '(') level++
    if (sql[i] === ')' && --level === 0) return i
  }
  return sql.length
}

// A quarantined row has its project as text, which may be no UUID.
const BOUND =
  /(?:project_id|toUUIDOrZero\(project_id\))\s*(?:=|IN)\s*\(?\s*\{\w+:|project_id,[^)]*\)\s*IN\s*\(?\s*\{\w+:/i

/** Places of statements to ClickHouse that touch a table of the database without binding a project there. */
export function looseTables(
  statements: Iterable<string>,
  database: string,
): { references: number; loose: string[] } {
  const table = new RegExp(`\\b(?:FROM|JOIN|UPDATE)\\s+[\`"]?${database}[\`"]?\\.[\`"]?(\\w+)`, 'g')
  const loose: string[] = []
  let references = 0
  for (const sql of statements) {
    if (/^\s*(?:CREATE|SHOW|KILL|EXISTS|DESCRIBE)\b/i.test(sql)) continue
    // Rows of an INSERT are data, whatever they look like.
    const clean = sql.replace(/ FORMAT JSONEachRow\n[\s\S]*$/, '').replace(/'(?:[^'\\]|\\.)*'/g, "''")
    for (const { index, 1: name } of clean.matchAll(table)) {
      // Bookkeeping of the installation, which holds no rows of projects.
      if (name === 'migrations' || name === 'sweeps') continue
      references++
      // Upkeep goes over all projects, pairs rows within each, and answers nobody; it says so where it reads.
      if (scopeOf(clean, index).includes('/* upkeep of every project */')) continue
      if (!BOUND.test(scopeOf(clean, index))) loose.push(`${name}: ${clean.slice(0, 4_000)}`)
    }
  }
  return { references, loose }
}
