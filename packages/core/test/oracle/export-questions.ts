import type { EventStore, ExportPlan, ExportResult, StoredEvent } from '@millimetric/core'
import type { Random } from './random.js'
import { makeConditions } from './random-conditions.js'

const MOST_PAGES = 4

export function makeExport(
  random: Random,
  events: readonly StoredEvent[],
  scope: Pick<ExportPlan, 'project_id' | 'from' | 'to' | 'include_bots' | 'limit'>,
): ExportPlan {
  return {
    kind: 'export',
    ...scope,
    filters: makeConditions(random, events, true),
    after: random.chance(0.3) ? random.pick(events) : null,
  }
}

/** Some pages, each from where the one before ended. */
export async function exportPages(store: EventStore, first: ExportPlan): Promise<ExportResult[]> {
  const pages = [await store.query<'export'>(first)]
  for (let after = pages[0]?.next; after && pages.length < MOST_PAGES; after = pages.at(-1)?.next) {
    pages.push(await store.query<'export'>({ ...first, after }))
  }
  return pages
}
