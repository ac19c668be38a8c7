import type { BatchResult } from '@millimetric/schema/wire'
import type { Receipt } from './api.js'
import { isAnalyticsError } from './errors.js'

/** An ingest result as an in-process caller gets it. */
export function toReceipt({ event_id, status, code, message, warnings }: BatchResult): Receipt {
  if (status === 'stored' || status === 'duplicate') {
    return { ok: true, event_id: event_id ?? '', status, ...(warnings === undefined ? {} : { warnings }) }
  }
  return { ok: false, event_id, status, code: code ?? 'invalid_event', message: message ?? '' }
}

/** What a caller hears when nothing is known about its events. */
export function failedReceipt(error: unknown): Receipt {
  if (isAnalyticsError(error)) {
    const status = error.code === 'invalid_payload' ? 'rejected' : 'failed'
    return { ok: false, event_id: null, status, code: error.code, message: error.message }
  }
  return {
    ok: false,
    event_id: null,
    status: 'failed',
    code: 'internal_error',
    message: 'Something went wrong.',
  }
}
