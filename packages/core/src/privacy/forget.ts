import { forgetSchema } from '@millimetric/schema'
import type { Forget, ForgetResponse } from '@millimetric/schema/wire'
import { randomUuid } from '#crypto'
import { type Principal, requireScope } from '../auth/principal.js'
import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError } from '../errors.js'
import type { ErasureRequest, ErasureStore } from '../ports/erasure-store.js'
import type { Job, KeyStore } from '../ports/key-store.js'
import type { ErasureRunner } from './erasure-runner.js'
import type { ErasedTrace, Tombstones } from './tombstones.js'

export type ForgetAnswer = ForgetResponse

export interface ForgetDeps {
  keys: Pick<KeyStore, 'insertJob' | 'findJob'>
  requests: ErasureRequests
  runner: Pick<ErasureRunner, 'wake'>
  clock: () => number
  onDiagnostic: OnDiagnostic
}

/**
 * Asks that a person's events up to this moment are erased, everywhere. From the answer on, late events of theirs are
 * refused. Errors: `forget_requires_secret_key`, `insufficient_scope`, `invalid_payload`, `storage_unavailable`.
 */
export async function forget(deps: ForgetDeps, principal: Principal, input: unknown): Promise<ForgetAnswer> {
  requireSecretKey(principal, 'forget_requires_secret_key')
  requireScope(principal, 'admin')
  const { user_id = '', anonymous_id = '' } = readForget(input)
  const { id, state } = await queue(deps, {
    project_id: principal.project.id,
    user_id,
    anonymous_id,
    until: deps.clock(),
  })
  return { ok: true, queued: true, job: { id, state } }
}

async function queue(deps: ForgetDeps, request: Omit<ErasureRequest, 'id'>): Promise<Job> {
  const id = randomUuid()
  const job: Job = {
    id,
    project_id: request.project_id,
    kind: 'forget',
    state: 'queued',
    counts: {},
    created_at: deps.clock(),
    finished_at: null,
    verified_at: null,
    error: null,
  }
  // Before the note, which says who it is about: one without a job would stay for ever.
  await deps.keys.insertJob(job)
  try {
    await deps.requests.add({ ...request, id })
  } finally {
    // Also when nobody knows whether the note was stored: the job will see.
    deps.runner.wake(true)
  }
  return job
}

/**
 * Erases once more what was stored after all, because it was on its way for longer than an erasure waits. Never rejects.
 */
export async function retract(deps: ForgetDeps, late: Iterable<ErasedTrace>): Promise<void> {
  const distinct = new Map<string, ErasedTrace>()
  for (const trace of late) distinct.set(JSON.stringify(trace), trace)
  for (const { project_id, user_id, anonymous_id, until } of distinct.values()) {
    try {
      await queue(deps, { project_id, user_id, anonymous_id, until })
    } catch (error) {
      deps.onDiagnostic({ kind: 'erasure_failed', level: 'error', final: true, error })
    }
  }
}

/** A job of the principal's project; undefined when it has none of this id. */
export async function findJob(deps: ForgetDeps, principal: Principal, id: string): Promise<Job | undefined> {
  requireSecretKey(principal, 'key_kind_not_allowed')
  requireScope(principal, 'admin')
  deps.runner.wake(false)
  return await deps.keys.findJob(principal.project.id, id)
}

function requireSecretKey(
  principal: Principal,
  code: 'forget_requires_secret_key' | 'key_kind_not_allowed',
): void {
  if (principal.kind === 'process' || principal.key_kind === 'sk') return
  throw new AnalyticsError(
    code,
    `This takes a secret key (sk_…) of the project, not a ${principal.key_kind}.`,
  )
}

function readForget(input: unknown): Forget {
  const parsed = forgetSchema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new AnalyticsError(
    'invalid_payload',
    'Send either { "user_id": "…" } (1–256 characters) or { "anonymous_id": "…" } (1–128 characters).',
    { details: { reason: 'illegal_id' } },
  )
}

export interface ErasureRequests {
  /** Resolves when the request is written down and late events of the person are refused. */
  add(request: ErasureRequest): Promise<void>
}

/** Requests that come while one is being written down share the next write: a thousand at once cost a few statements. */
export function createErasureRequests(deps: {
  store: ErasureStore
  tombstones: Tombstones
}): ErasureRequests {
  const { store, tombstones } = deps
  let waiting: { requests: ErasureRequest[]; written: Promise<void> } | undefined
  let writing: Promise<void> = Promise.resolve()

  async function write(requests: readonly ErasureRequest[]): Promise<void> {
    await store.noteErasures(requests)
    await tombstones.add(await store.tracesOf(requests.map(({ id }) => id)))
  }

  return {
    async add(request) {
      if (waiting === undefined) {
        const group: ErasureRequest[] = []
        const written = writing.then(async () => {
          waiting = undefined
          await write(group)
        })
        waiting = { requests: group, written }
        writing = written.catch(() => {})
      }
      waiting.requests.push(request)
      await waiting.written
    },
  }
}
