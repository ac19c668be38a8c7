import type { BatchResult } from '@millimetric/schema/wire'
import type { Analytics, CallContext, Receipt } from './api.js'
import type { ProcessPrincipal } from './auth/principal.js'
import { type OnDiagnostic, reportNotStored } from './diagnostics.js'
import { AnalyticsError, isAnalyticsError } from './errors.js'
import { normalizeAddress } from './ingest/address.js'
import type { RequestFacts } from './ingest/enrich.js'
import { type IngestDeps, ingest } from './ingest/ingest.js'
import { type Validate, validateEvent, validateIdentify } from './ingest/validate.js'

const SLICE = 1000

/** How code in the same process stores events: nothing rejects, and what is not stored is heard of as well. */
export function createReceipts(deps: {
  ingestDeps: IngestDeps
  principal(project: string | undefined): Promise<ProcessPrincipal>
  onDiagnostic: OnDiagnostic
}): Pick<Analytics, 'track' | 'batch' | 'identify'> {
  const { ingestDeps, principal, onDiagnostic } = deps

  async function store(
    events: readonly unknown[],
    context: CallContext,
    validate: Validate,
  ): Promise<readonly Receipt[]> {
    let speaker: ProcessPrincipal
    let facts: RequestFacts
    try {
      facts = factsOf(context)
      speaker = await principal(context.project)
    } catch (error) {
      return refuse(events.length, error)
    }
    try {
      const results = await ingest(ingestDeps, speaker, { events, facts, validate })
      return results.map(toReceipt)
    } catch (error) {
      return fail(events.length, error)
    }
  }

  async function storeOne(event: unknown, context: CallContext, validate: Validate): Promise<Receipt> {
    const [receipt] = await store([event], context, validate)
    return receipt ?? failedReceipt(new Error('no receipt'))
  }

  /** What did not get as far as being ingested, where it would have been reported. */
  function refuse(count: number, error: unknown): readonly Receipt[] {
    reportNotStored(onDiagnostic, error, { project_id: null, count })
    return fail(count, error)
  }

  function fail(count: number, error: unknown): readonly Receipt[] {
    if (!isAnalyticsError(error)) {
      onDiagnostic({ kind: 'internal_error', level: 'error', request_id: 'in process', error })
    }
    return Array.from({ length: count }, () => failedReceipt(error))
  }

  async function storeList(input: unknown, context: CallContext): Promise<readonly Receipt[]> {
    let list: unknown[]
    try {
      list = readList(input)
    } catch (error) {
      return refuse(1, error)
    }
    const receipts: Receipt[] = []
    for (let at = 0; at < list.length; at += SLICE) {
      receipts.push(...(await store(list.slice(at, at + SLICE), context, validateEvent)))
    }
    return receipts
  }

  return {
    track: async (event, context = {}) => await storeOne(event, context, validateEvent),
    async batch(events, context = {}) {
      const results = await storeList(events, context)
      const count = results.filter(({ ok }) => ok).length
      return { ok: count === results.length, count, results }
    },
    identify: async (identity, context = {}) => await storeOne(identity, context, validateIdentify),
  }
}

function factsOf({ ip = '', userAgent = '', requestHost = '' }: CallContext): RequestFacts {
  return { ip: normalizeAddress(ip), userAgent, requestHost, headers: undefined, trusted: true }
}

function readList(input: unknown): unknown[] {
  if (Array.isArray(input)) return Array.from(input)
  throw new AnalyticsError(
    'invalid_payload',
    'batch takes an array of events: analytics.batch([{ event: "signup", user_id: "42" }]).',
  )
}

/** An ingest result as an in-process caller gets it. */
function toReceipt({ event_id, status, code, message, warnings }: BatchResult): Receipt {
  if (status === 'stored' || status === 'duplicate') {
    return { ok: true, event_id: event_id ?? '', status, ...(warnings === undefined ? {} : { warnings }) }
  }
  return { ok: false, event_id, status, code: code ?? 'invalid_event', message: message ?? '' }
}

/** What a caller hears when nothing is known about its events. */
function failedReceipt(error: unknown): Receipt {
  const known = isAnalyticsError(error)
  return {
    ok: false,
    event_id: null,
    status: known && error.code === 'invalid_payload' ? 'rejected' : 'failed',
    code: known ? error.code : 'internal_error',
    message: known ? error.message : 'Something went wrong; onDiagnostic heard what.',
  }
}
