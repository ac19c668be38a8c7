import type { StoredEvent } from '../../ports/event-store.js'
import type { ExportPlan, ExportResult } from '../../ports/export-plan.js'
import { compareMoments } from '../../ports/order.js'
import { momentOf, orNull, toRow } from './memory-reports.js'
import { createWorld } from './memory-world.js'

export function answerExport(plan: ExportPlan, all: readonly StoredEvent[]): ExportResult {
  const { after, limit } = plan
  const oldestFirst = createWorld(plan, all)
    .asked.filter((event) => after === null || compareMoments(event, after) > 0)
    .sort(compareMoments)
  return {
    rows: oldestFirst.slice(0, limit).map((event) => ({
      ...toRow(event),
      received_at: new Date(event.received_at).toISOString(),
      client_timestamp:
        event.client_timestamp === null ? null : new Date(event.client_timestamp).toISOString(),
      seq: event.seq,
      hostname: orNull(event.hostname),
      referrer_host: orNull(event.referrer_host),
      term: orNull(event.term),
      content: orNull(event.content),
      sdk_name: orNull(event.sdk_name),
      sdk_version: orNull(event.sdk_version),
    })),
    next: oldestFirst.length > limit ? momentOf(oldestFirst[limit - 1]) : null,
  }
}
