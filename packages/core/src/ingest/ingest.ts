import type { BatchResult, EventCode, EventWarning } from '@millimetric/schema/wire'
import { type Principal, requireScope } from '../auth/principal.js'
import type { Catalog } from '../catalog.js'
import { type OnDiagnostic, reportNotStored } from '../diagnostics.js'
import type { StoredEvent } from '../ports/event-store.js'
import type { ErasedTrace, Tombstones } from '../privacy/tombstones.js'
import type { Admission } from './admission.js'
import type { Deliver, Delivery, NewEvent } from './deliver.js'
import { createEnricher, type EnrichDeps, type RequestFacts } from './enrich.js'
import { claimedKeys, type Lookup } from './lookups.js'
import { type Validate, type ValidEvent, validateEvent } from './validate.js'

/**
 * Looks at an event just before it is stored. Returns the event, a changed copy, or null to drop it on
 * purpose (receipt `dropped`, code `dropped_by_hook`). The ids, the project and the times can't be changed.
 */
export type BeforeStore = (event: StoredEvent) => StoredEvent | null | Promise<StoredEvent | null>

export interface IngestDeps {
  clock: () => number
  deliver: Deliver
  admission: Admission
  enrichment: EnrichDeps
  /** Refuses late events of erased people. */
  erased: Tombstones['erased']
  /** Takes back what was stored although it belongs to an erased person. */
  retract(late: Iterable<ErasedTrace>): Promise<void>
  catalog: Catalog | undefined
  beforeStore: BeforeStore | undefined
  onDiagnostic: OnDiagnostic
  /** Called when events were stored. */
  noteStored: () => void
}

export interface IngestRequest {
  events: readonly unknown[]
  /** Clock of the client for all of them. */
  sentAt?: unknown
  facts: RequestFacts
  /** What the events are: events, unless it says otherwise. */
  validate?: Validate | undefined
}

type Judged =
  | { kind: 'new'; fresh: boolean; event: StoredEvent; warnings: readonly EventWarning[] }
  | {
      kind: 'refused'
      status: 'rejected' | 'dropped'
      event_id: string | null
      code: EventCode
      message: string
    }

/**
 * Stores events and answers for each at its position. Rejects only when the store can't take them
 * (`overloaded`, `shutting_down`, `storage_unavailable`) or the principal may not; wrong events are results.
 */
export async function ingest(
  deps: IngestDeps,
  principal: Principal,
  request: IngestRequest,
): Promise<BatchResult[]> {
  requireScope(principal, 'ingest')
  // A hook may take its time, and an answer must not be old when it is used.
  const ahead =
    deps.beforeStore === undefined
      ? deps.deliver.lookAhead(claimedKeys(principal.project.id, request.events))
      : undefined
  try {
    return await store(deps, principal, await admit(deps, principal, request), ahead)
  } finally {
    ahead?.end()
  }
}

/** What may be stored, and what not; rejects when nothing may be. Delivery reports by itself what it refuses. */
async function admit(
  deps: IngestDeps,
  principal: Principal,
  request: IngestRequest,
): Promise<readonly Judged[]> {
  const { project } = principal
  try {
    const judged = await refuseErased(deps, await judgeAll(deps, principal, request))
    await deps.admission.requireQuota(
      project,
      judged.flatMap((one) => (one.kind === 'new' ? [one.event.timestamp] : [])),
    )
    return judged
  } catch (error) {
    reportNotStored(deps.onDiagnostic, error, { project_id: project.id, count: request.events.length })
    throw error
  }
}

async function store(
  deps: IngestDeps,
  principal: Principal,
  judged: readonly Judged[],
  ahead: Lookup | undefined,
): Promise<BatchResult[]> {
  const accepted: NewEvent[] = []
  for (const one of judged) if (one.kind === 'new') accepted.push({ event: one.event, fresh: one.fresh })
  const { project } = principal
  const delivered = accepted.length === 0 ? [] : await deliverAccepted(deps, accepted, ahead)
  if (accepted.length > 0) deps.noteStored()
  const stored = accepted.filter((_, index) => delivered[index] === 'stored')
  deps.admission.count(
    project.id,
    stored.map(({ event }) => event.timestamp),
  )
  let at = 0
  return judged.map((one, index) => {
    if (one.kind === 'new') {
      const { event_id } = one.event
      const delivery = delivered[at++] ?? 'stored'
      if (delivery === 'conflict') {
        deps.onDiagnostic({ kind: 'id_conflict', level: 'warn', project_id: principal.project.id, event_id })
        return { index, event_id, status: 'duplicate', warnings: [...one.warnings, 'id_conflict'] }
      }
      if (delivery === 'quarantined') return refuse(deps, principal, index, { ...QUARANTINED, event_id })
      const result: BatchResult = { index, event_id, status: delivery }
      return one.warnings.length === 0 ? result : { ...result, warnings: one.warnings }
    }
    return refuse(deps, principal, index, one)
  })
}

const QUARANTINED = {
  status: 'rejected',
  code: 'quarantined',
  message:
    'The event store refused the content of this event. It is kept for the operator (millimetric quarantine); ' +
    'sending it again does not help.',
} as const

function refuse(
  deps: IngestDeps,
  principal: Principal,
  index: number,
  { status, event_id, code, message }: Omit<Extract<Judged, { kind: 'refused' }>, 'kind'>,
): BatchResult {
  const project_id = principal.project.id
  deps.onDiagnostic({ kind: 'event_not_stored', level: 'warn', project_id, status, event_id, code, message })
  return { index, event_id, status, code, message }
}

async function refuseErased(deps: IngestDeps, judged: readonly Judged[]): Promise<readonly Judged[]> {
  const erased = await deps.erased(judged.flatMap((one) => (one.kind === 'new' ? [one.event] : [])))
  if (erased.size === 0) return judged
  return judged.map((one) =>
    one.kind === 'new' && erased.has(one.event)
      ? { kind: 'refused', status: 'dropped', event_id: one.event.event_id, code: 'erased', message: ERASED }
      : one,
  )
}

const ERASED = 'The person asked to be forgotten; events up to that moment are not taken any more.'

/** An event can be on its way for longer than an erasure waits: afterwards it is asked once more who was erased. */
async function deliverAccepted(
  deps: IngestDeps,
  accepted: readonly NewEvent[],
  ahead: Lookup | undefined,
): Promise<Delivery[]> {
  try {
    return await deps.deliver.append(accepted, ahead)
  } finally {
    // What can't be asked now was asked before; the erasure itself counts what is left.
    const late = await deps.erased(accepted.map(({ event }) => event)).catch(() => new Map())
    if (late.size > 0) void deps.retract(late.values())
  }
}

async function judgeAll(deps: IngestDeps, principal: Principal, request: IngestRequest): Promise<Judged[]> {
  const receivedAt = deps.clock()
  const { validate = validateEvent } = request
  const { id, retention_days } = principal.project
  const facts = { receivedAt, sentAt: request.sentAt, retentionDays: retention_days }
  const enrich = await createEnricher(deps.enrichment, request.facts)
  const judged: Judged[] = []
  for (const [seq, input] of request.events.entries()) {
    const valid = validate(input, facts)
    if (!valid.ok) {
      judged.push({ kind: 'refused', status: 'rejected', ...valid })
      continue
    }
    const refused = deps.admission.refuse(principal, valid.event, request.facts, receivedAt)
    if (refused !== undefined) {
      judged.push({ kind: 'refused', ...refused })
      continue
    }
    const refusal = deps.catalog === undefined ? undefined : await checkCatalog(deps.catalog, valid.event)
    if (refusal !== undefined) {
      judged.push(refusal)
      continue
    }
    const made = enrich(valid.event, seq, receivedAt, id)
    const event = made instanceof Promise ? await made : made
    judged.push(
      deps.beforeStore === undefined ? accept(valid.event, event) : await askHook(deps, valid.event, event),
    )
  }
  return judged
}

function accept(valid: ValidEvent, event: StoredEvent): Judged {
  return { kind: 'new', fresh: valid.event_id === '', event, warnings: valid.warnings }
}

async function checkCatalog(catalog: Catalog, event: ValidEvent): Promise<Judged | undefined> {
  const problem = await catalog.check(event.event_name, event.properties)
  if (problem === undefined) return undefined
  const event_id = event.event_id === '' ? null : event.event_id
  return { kind: 'refused', status: 'rejected', event_id, ...problem }
}

async function askHook(deps: IngestDeps, valid: ValidEvent, event: StoredEvent): Promise<Judged> {
  try {
    const answer = await deps.beforeStore?.(event)
    if (answer === null) {
      return {
        kind: 'refused',
        status: 'dropped',
        event_id: event.event_id,
        code: 'dropped_by_hook',
        message: 'The beforeStore hook of this server dropped the event.',
      }
    }
    if (answer === undefined) return accept(valid, event)
    const { project_id, event_id, timestamp, received_at, seq } = event
    return accept(valid, { ...answer, project_id, event_id, timestamp, received_at, seq })
  } catch (error) {
    // A broken hook must not cost events: the event is stored as it was.
    deps.onDiagnostic({ kind: 'hook_failed', level: 'error', error })
    return accept(valid, event)
  }
}
