import { randomUuid } from '#crypto'
import type { ErasureStore, RetentionSelector, RowCounts } from '../ports/erasure-store.js'
import type { KeyStore } from '../ports/key-store.js'
import { DAY_MS } from '../time.js'

export interface RetentionReport {
  ok: true
  /** Projects with a limit. */
  projects: number
  /** Rows removed by table. */
  removed: RowCounts
}

export interface RetentionDeps {
  store: Pick<ErasureStore, 'purge' | 'survivors'>
  keys: Pick<KeyStore, 'listProjects' | 'insertJob'>
  clock: () => number
}

const HALF_HOUR_MS = 1_800_000

/**
 * Removes what is older than each project keeps, from every table, and records a job for each project that lost rows.
 * Changes no answer: reads stop at the limit by themselves and look for the beginning of sessions at most a day beyond
 * it, so the rows of that day stay. Errors: `storage_unavailable`; call it again.
 */
export async function runRetention({ store, keys, clock }: RetentionDeps): Promise<RetentionReport> {
  const started = clock()
  const limits: RetentionSelector[] = []
  for (const { id, retention_days } of await keys.listProjects()) {
    if (retention_days === null) continue
    const before = started - (retention_days + 1) * DAY_MS
    // Whole half hours, so that fragments of sessions and the events they were made of go together.
    const aligned = Math.floor(before / HALF_HOUR_MS) * HALF_HOUR_MS
    if (aligned > 0) limits.push({ kind: 'retention', project_id: id, before: aligned })
  }
  const removed = await store.purge(limits)
  const left = removed.size === 0 ? {} : await store.survivors(limits)
  const finished = clock()
  for (const [project_id, counts] of removed) {
    await keys.insertJob({
      id: randomUuid(),
      project_id,
      kind: 'retention',
      state: 'done',
      counts,
      created_at: started,
      finished_at: finished,
      verified_at: Object.keys(left).length === 0 ? finished : null,
      error: null,
    })
  }
  return { ok: true, projects: limits.length, removed: sum([...removed.values()]) }
}

function sum(list: readonly RowCounts[]): RowCounts {
  const total: Record<string, number> = {}
  for (const counts of list) {
    for (const [table, count] of Object.entries(counts)) total[table] = (total[table] ?? 0) + count
  }
  return total
}
