import { VERDICT_COLUMNS } from '../../../ports/verdict-store.js'
import { TABLE_SETTINGS } from './events.js'

/** Hours after which nobody works on a run any more. */
export const RUN_HOURS = 24

/**
 * New verdicts of a run that rewrites history, by the key of what gets them; there only while the run works, and for
 * a day when it dies. No urls and no ids of people: the keys are hashes.
 */
export function reclassificationTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.reclassifications (
  project_id UUID,
  run UUID,
  key UInt128,
  ${VERDICT_COLUMNS.map((name) => `${name} String`).join(',\n  ')},
  written_at DateTime('UTC') DEFAULT now()
) ENGINE = MergeTree
PARTITION BY (project_id, run)
ORDER BY (project_id, key)
TTL written_at + INTERVAL ${RUN_HOURS} HOUR
SETTINGS ttl_only_drop_parts = 1, ${TABLE_SETTINGS}`,
  ]
}
