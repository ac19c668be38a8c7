import { exportRequestSchema } from '@millimetric/schema'
import { LIMITS, TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import type { ExportFormat, ExportParams, ExportRequest, ExportRow } from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import type { CallOptions } from '../ports/event-store.js'
import type { ExportPlan } from '../ports/export-plan.js'
import type { QueryDeps } from './events.js'
import { pinned, planScope, readParams } from './plan.js'

export interface Export {
  readonly format: ExportFormat
  /** Events, oldest first, a page at a time; the next page is read when it is asked for. */
  readonly pages: AsyncGenerator<readonly ExportRow[], void, undefined>
}

/**
 * Begins an export; nothing is read before the first page is asked for. Errors: `invalid_params`, `insufficient_scope`;
 * of each page `query_too_expensive`, `storage_unavailable`.
 *
 * Every event that was stored before the export began is in it once. One that arrives meanwhile is in it when its place
 * in the order of time had not been passed, and never twice.
 */
export function beginExport(
  deps: QueryDeps,
  principal: Principal,
  input: ExportRequest,
  options: CallOptions = {},
): Export {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(exportRequestSchema, input)
  const scope = planScope(deps, principal, hasRange(params) ? params : { ...params, ...EVERYTHING })
  const plan = { kind: 'export' as const, ...pinned(scope), limit: LIMITS.exportPage, after: null }
  return { format: params.format ?? 'ndjson', pages: readPages(deps, plan, options) }
}

/** One by one. After each it looks at the signal: who has left must not take a part for the whole. */
export async function* rowsOf(
  pages: Export['pages'],
  signal: AbortSignal | undefined,
): AsyncGenerator<ExportRow, void, undefined> {
  for await (const page of pages) {
    for (const row of page) {
      yield row
      signal?.throwIfAborted()
    }
  }
}

const EVERYTHING: ExportParams = {
  from: new Date(TIMESTAMP_RANGE.min),
  to: new Date(TIMESTAMP_RANGE.max),
}

function hasRange({ from, to, range }: ExportParams): boolean {
  return from !== undefined || to !== undefined || range !== undefined
}

async function* readPages(
  { store }: QueryDeps,
  first: ExportPlan,
  options: CallOptions,
): AsyncGenerator<readonly ExportRow[], void, undefined> {
  for (let plan = first; ; ) {
    options.signal?.throwIfAborted()
    const { rows, next } = await store.query<'export'>(plan, options)
    yield rows
    // After the last page too.
    options.signal?.throwIfAborted()
    if (next === null) return
    plan = { ...plan, after: next }
  }
}
