import { references } from './bound-projects.js'
import type { Recording } from './recorded-store.js'

/** A statement that is about all projects on purpose, and the only functions of the store that may send it. */
interface OnPurpose {
  readonly by: readonly string[]
  readonly sql: RegExp
  readonly why: string
}

const ON_PURPOSE: readonly OnPurpose[] = [
  {
    by: ['removeTwins', 'complete', 'insert'],
    sql: /\/\* upkeep of every project \*\//,
    why: 'Completes inserts and pairs rows within each project; what it answers is a number.',
  },
  {
    by: ['changedSince'],
    sql: /FROM `one_database`\.marks AS m\nWHERE m\.last_at >= /,
    why: 'Upkeep asks in which projects something changed.',
  },
  {
    by: ['tracesOf'],
    sql: /^SELECT DISTINCT toString\(n\.erasure_id\) AS erasure_id, toString\(n\.project_id\) AS project_id\n/,
    why: 'An erasure goes by the id of its job; what follows binds the project that it says.',
  },
  {
    by: ['purge'],
    sql: /^SELECT toString\(_part\) AS part, count\(\) AS n FROM `one_database`\.\w+\nWHERE _partition_id IN/,
    why: 'Counts all rows of a part, so that it goes only when each of them is past the limit of its project.',
  },
  {
    by: ['purge'],
    sql: /^ALTER TABLE `one_database`\.\w+ (?:DROP PART '\w+'(?:, )?)+$/,
    why: 'Parts of which every row was counted as past the limit of its project.',
  },
  {
    by: ['purge'],
    sql: /^ALTER TABLE `one_database`\.\w+ APPLY DELETED MASK /,
    why: 'Takes away what is hidden from everybody already.',
  },
  {
    by: ['purge'],
    sql: /^ALTER TABLE `one_database`\.quarantine DELETE WHERE \(project_id, quarantined_at, event_id\) IN \(\n/,
    why: 'The rows that a bound question finds, by their project.',
  },
  {
    by: ['reclassify'],
    sql: /^ALTER TABLE `one_database`\.reclassifications DROP PARTITION tuple\(toUUID\(\{project_id:String\}\), /,
    why: 'A partition is of one project, which is bound.',
  },
]

/** Places that bind no project and are not on purpose, and how many places there are. */
export function looseReferences({ statements }: Recording): { references: number; loose: string[] } {
  const found = references(statements.keys(), 'one_database')
  const loose = found.flatMap(({ table, bound, sql }) => {
    const by = [...(statements.get(sql) ?? [])]
    const meant = ON_PURPOSE.some(
      (known) => known.sql.test(sql) && by.every((name) => known.by.includes(name)),
    )
    return bound || meant ? [] : [`${table} by ${by.join(', ')}: ${sql.slice(0, 4_000)}`]
  })
  return { references: found.length, loose }
}
