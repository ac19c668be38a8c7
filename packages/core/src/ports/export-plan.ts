import type { ExportRow } from '@millimetric/schema/wire'
import type { EventMoment, PlanScope } from './query-plan.js'

/**
 * A page of raw events with all their columns, oldest first: order (timestamp, received_at, seq, event_id). A page costs
 * the same wherever it begins.
 */
export interface ExportPlan extends PlanScope {
  readonly kind: 'export'
  readonly limit: number
  /** Only events that come after this one in that order. */
  readonly after: EventMoment | null
}

export interface ExportResult {
  readonly rows: readonly ExportRow[]
  /** Place of the last row, for the page after it; null when no rows are left. */
  readonly next: EventMoment | null
}
