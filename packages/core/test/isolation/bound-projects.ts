/** A table that a statement touches, and the statement around it. */
export interface Reference {
  readonly table: string
  readonly bound: boolean
  readonly sql: string
}

/** Bookkeeping of the installation, which holds no rows of projects. */
const NO_PROJECT = new Set(['migrations', 'sweeps'])

/** Every place of these statements to ClickHouse that touches a table of the database, but for the targets of inserts. */
export function references(statements: Iterable<string>, database: string): Reference[] {
  const table = new RegExp(`[\`"]?\\b${database}\\b[\`"]?\\.[\`"]?(\\w+)[\`"]?(?:\\s+(?:AS\\s+)(\\w+))?`, 'g')
  const found: Reference[] = []
  for (const sql of statements) {
    if (/^\s*(?:CREATE|SHOW|KILL|EXISTS|DESCRIBE|SET)\b/i.test(sql)) continue
    // Rows of an INSERT are data, whatever they look like.
    const clean = sql.replace(/ FORMAT JSONEachRow\n[\s\S]*$/, '').replace(/'(?:[^'\\]|\\.)*'/g, "''")
    for (const { index, 1: name = '', 2: alias = '' } of clean.matchAll(table)) {
      if (NO_PROJECT.has(name) || /\bINSERT INTO\s*$/i.test(clean.slice(0, index))) continue
      const query = queryAround(clean, index)
      found.push({ table: name, bound: isBound(query, alias, table), sql })
    }
  }
  return found
}

/** The one SELECT or ALTER around a position, with queries nested in it as `(…)`: of a union, the part it lies in. */
export function queryAround(sql: string, at: number): string {
  let [depth, start] = [0, 0]
  for (let i = at; i >= 0; i--) {
    if (sql[i] === ')') depth++
    if (sql[i] === '(' && depth-- === 0) {
      start = i + 1
      break
    }
  }
  let [level, query] = [0, '']
  for (let i = start; i < sql.length; i++) {
    if (sql[i] === ')' && level-- === 0) break
    if (level === 0 && /^\b(?:UNION|EXCEPT|INTERSECT)\b/i.test(sql.slice(i, i + 10))) {
      if (i > at) break
      query = ''
    }
    if (sql[i] === '(') {
      level++
      if (/^\(\s*(?:SELECT|WITH)\b/i.test(sql.slice(i, i + 40))) {
        query += '(…)'
        i = closing(sql, i)
        level--
        continue
      }
    }
    query += sql[i]
  }
  return query
}

function closing(sql: string, open: number): number {
  let level = 0
  for (let i = open; i < sql.length; i++) {
    if (sql[i] === '(') level++
    if (sql[i] === ')' && --level === 0) return i
  }
  return sql.length
}

function isBound(query: string, alias: string, table: RegExp): boolean {
  const conditions = conditionsOf(query)
  const several = [...query.matchAll(table)].length > 1
  const bound = (name: string): boolean =>
    conditions.some((condition) => bindsProject(condition, name, several))
  if (bound(alias)) return true
  // Joined by the project to something that is bound.
  const joined = new RegExp(
    `\\b${alias}\\.project_id = (\\w+)\\.project_id|\\b(\\w+)\\.project_id = ${alias}\\.project_id`,
  )
  const [, right, left] = (alias === '' ? null : joined.exec(query)) ?? []
  const other = right ?? left
  return other !== undefined && bound(other)
}

/** What follows WHERE, as the conditions that must all hold; none when one OR the other may. */
export function conditionsOf(query: string): string[] {
  const where = topLevel(query, /^\bWHERE\b/i)[1]
  if (where === undefined) return []
  const [condition = ''] = topLevel(
    where,
    /^\b(?:GROUP BY|ORDER BY|HAVING|LIMIT|SETTINGS|WINDOW|QUALIFY|RETURNING|FOR UPDATE)\b/i,
  )
  if (topLevel(condition, /^\bOR\b/i).length > 1) return []
  return topLevel(condition, /^\bAND\b/i).map((one) => one.replace(/\/\*.*?\*\//g, '').trim())
}

/** Splits at what matches outside of all parentheses. */
function topLevel(text: string, separator: RegExp): string[] {
  const parts = ['']
  let level = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') level++
    if (text[i] === ')') level--
    const found = level === 0 && !/\w/.test(text[i - 1] ?? '') ? separator.exec(text.slice(i, i + 12)) : null
    if (found === null) parts.push(`${parts.pop()}${text[i]}`)
    else {
      parts.push('')
      i += found[0].length - 1
    }
  }
  return parts
}

// A quarantined row has its project as text, which may be no UUID.
function bindsProject(condition: string, alias: string, named: boolean): boolean {
  const own = named && alias !== '' ? `${alias}\\.` : '(?:\\w+\\.)?'
  const column = `(?:${own}project_id|toUUIDOrZero\\(${own}project_id\\))`
  return new RegExp(`^${column}\\s*(?:=|IN)\\s*\\{\\w+:(?:UUID|String|Array\\((?:UUID|String)\\))\\}$`).test(
    condition,
  )
}
