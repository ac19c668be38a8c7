import { batchSchema } from '@millimetric/schema'
import { LIMITS } from '@millimetric/schema/limits'
import type { BatchResponse, BatchResult, IdentifyResponse, TrackResponse } from '@millimetric/schema/wire'
import { isTrusted } from '../auth/principal.js'
import type { LimitedRoute } from '../auth/rate-limit.js'
import { AnalyticsError } from '../errors.js'
import { clientAddress } from '../ingest/address.js'
import type { RequestFacts } from '../ingest/enrich.js'
import { type IngestRequest, ingest } from '../ingest/ingest.js'
import { validateIdentify } from '../ingest/validate.js'
import { readJson } from './body.js'
import { json } from './respond.js'
import type { KeyCall, KeyRoute, Route, RouteDeps } from './route.js'

const write = (limited: LimitedRoute, run: KeyRoute['run']): KeyRoute => ({
  by: 'key',
  limited,
  method: 'POST',
  path: `/v1/${limited}`,
  scope: 'ingest',
  allowQueryKey: true,
  run,
})
/** Routes that bring events. */
export const INGEST_ROUTES: readonly Route[] = [
  write('track', track),
  write('batch', batch),
  write('identify', identify),
]

async function track(deps: RouteDeps, call: KeyCall): Promise<Response> {
  return json(await storeOne(deps, call, await readJson(call.request, deps)), 202)
}

/** Stores one event that came with a request. Throws `invalid_payload` with the reason when it is rejected. */
export async function storeOne(deps: StoreDeps, call: StoreCall, event: unknown): Promise<TrackResponse> {
  const [result] = await store(deps, call, { events: [event] })
  if (result === undefined || result.status === 'rejected') throw refusal(result)
  return {
    ok: true,
    event_id: result.event_id ?? '',
    status: result.status,
    ...(result.warnings === undefined ? {} : { warnings: result.warnings }),
  }
}

async function batch(deps: RouteDeps, call: KeyCall): Promise<Response> {
  const { events, sent_at } = readBatch(await readJson(call.request, deps))
  const results = await store(deps, call, { events, sentAt: sent_at })
  if (results.every(({ status }) => status === 'rejected')) {
    throw new AnalyticsError('invalid_payload', 'Every event of the batch was rejected; details say why.', {
      details: { reason: 'all_rejected', results },
    })
  }
  const accepted = results.filter(({ status }) => status === 'stored' || status === 'duplicate')
  const answer: BatchResponse = { ok: true, count: accepted.length, results }
  return json(answer, 202)
}

async function identify(deps: RouteDeps, call: KeyCall): Promise<Response> {
  const body = await readJson(call.request, deps)
  const [result] = await store(deps, call, { events: [body], validate: validateIdentify })
  if (result === undefined || result.status === 'rejected') throw refusal(result)
  const answer: IdentifyResponse = { ok: true }
  return json(answer, 200)
}

type StoreDeps = Pick<RouteDeps, 'ingestDeps' | 'trustedProxies'>
type StoreCall = Pick<KeyCall, 'request' | 'url' | 'principal' | 'peer'>

async function store(
  { ingestDeps, trustedProxies }: StoreDeps,
  { request, url, principal, peer }: StoreCall,
  { events, sentAt, validate }: Pick<IngestRequest, 'events' | 'sentAt' | 'validate'>,
): Promise<BatchResult[]> {
  const facts: RequestFacts = {
    ip: clientAddress(request.headers, peer, trustedProxies),
    userAgent: (request.headers.get('user-agent') ?? '').slice(0, LIMITS.userAgent),
    requestHost: request.headers.get('host') ?? url.host,
    headers: request.headers,
    trusted: isTrusted(principal),
  }
  return await ingest(ingestDeps, principal, { events, sentAt, facts, validate })
}

function refusal(result: BatchResult | undefined): AnalyticsError {
  return new AnalyticsError('invalid_payload', result?.message ?? 'The event was rejected.', {
    details: { reason: result?.code ?? 'invalid_event', event_id: result?.event_id ?? null },
  })
}

/** Checks the envelope of a batch; the events inside are judged one by one later. */
function readBatch(body: unknown): { events: unknown[]; sent_at?: unknown } {
  const parsed = batchSchema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  if (issue?.path[0] === 'events' && issue.code === 'too_small') {
    throw invalid('empty_batch', 'events is empty; send 1–1000 events.')
  }
  if (issue?.path[0] === 'events' && issue.code === 'too_big') {
    throw invalid('batch_too_large', `events holds more than ${LIMITS.batchEvents} events; split the batch.`)
  }
  throw invalid('missing_events', 'A batch is { "events": [ … ] } with 1–1000 events.')
}

function invalid(reason: string, message: string): AnalyticsError {
  return new AnalyticsError('invalid_payload', message, { details: { reason } })
}
