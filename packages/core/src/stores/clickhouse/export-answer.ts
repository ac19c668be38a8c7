import type { ExportRow } from '@millimetric/schema/wire'
import type { CallOptions } from '../../ports/event-store.js'
import type { ExportPlan, ExportResult } from '../../ports/export-plan.js'
import { type Placed, pageOf } from './pages.js'
import type { FindReading, Read } from './reader.js'
import { exportStatement } from './sql/export.js'

export function createExportAnswer(
  read: Read,
  reading: FindReading,
): (plan: ExportPlan, options?: CallOptions) => Promise<ExportResult> {
  return async (plan, options) => {
    const how = await reading(plan, options)
    const ask = async (cut: boolean): Promise<Placed<ExportRow>[]> =>
      await read<Placed<ExportRow>>(exportStatement(how, plan, cut), options)
    // Conditions that look at other rows would be answered twice.
    const cut = plan.filters.length === 0 && !how.distinct
    const found = await ask(cut)
    const [, , , reached] = found[0]?.moment ?? []
    // Rows that were deleted between the two looks are missing at the end of the page, which then looks like the last one;
    // of an empty page nobody can tell.
    const isWhole = !cut || found.length > plan.limit || reached === found.length
    return pageOf(isWhole ? found : await ask(false), plan.limit)
  }
}
