import { conditionsOf, queryAround } from './bound-projects.js'

/** By which columns a row of the control plane belongs to whoever asks. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  projects: ['id', 'slug', 'owner'],
  api_keys: ['prefix', 'project_id', 'owner'],
  usage_meter: ['project_id'],
  jobs: ['project_id'],
}
/** Tables of the installation. */
const NO_OWNER = new Set(['migrations', 'ip_salts', 'usage_writes'])

/** Statements about all projects on purpose; each is reachable in process or by an admin only. */
const ON_PURPOSE: readonly (readonly [sql: RegExp, why: string])[] = [
  [/^select [^*]* from "millimetric"\."projects" order by "slug"$/, 'The list of all projects.'],
  [
    /^select \* from "millimetric"\."jobs" where "state" in \([$\d, ]+\) order by/,
    'Open jobs, for whoever does them.',
  ],
  [
    /^with locked as \(\s+select k\.id, u\.used from "millimetric"\."api_keys" as k\s+join unnest\(\$1::uuid\[\], /,
    'Last uses, by the ids of keys that were verified.',
  ],
]

const KEYS_PROJECT =
  /join "millimetric"\."projects" on "millimetric"\."projects"\."id" = "millimetric"\."api_keys"\."project_id"/

/** Places of statements to Postgres that touch a table without binding whose rows are meant. */
export function looseRows(statements: Iterable<string>): { references: number; loose: string[] } {
  const loose: string[] = []
  let references = 0
  for (const sql of statements) {
    if (!/^\s*(?:select|insert|update|delete|with)\b/i.test(sql)) continue
    for (const { index, 1: table = '' } of sql.matchAll(
      /\b(?:from|join|update|using) "millimetric"\."(\w+)"/g,
    )) {
      if (NO_OWNER.has(table)) continue
      references++
      const query = queryAround(sql, index)
      if (isBound(query, table) || ON_PURPOSE.some(([known]) => known.test(sql))) continue
      loose.push(`${table}: ${sql}`)
    }
  }
  return { references, loose }
}

function isBound(query: string, table: string): boolean {
  const columns = OWNERS[table] ?? []
  const value = '(?:\\$\\d+|any\\(\\$\\d+::\\w+\\[\\]\\))'
  const binds = new RegExp(
    `^(?:"millimetric"\\."${table}"\\.)?"?(?:${columns.join('|')})"? (?:=|is not distinct from) ${value}$`,
  )
  if (conditionsOf(query).some((condition) => binds.test(condition))) return true
  // The project of a key that is bound.
  return table === 'projects' && KEYS_PROJECT.test(query) ? isBound(query, 'api_keys') : false
}
