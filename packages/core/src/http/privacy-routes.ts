import { AnalyticsError } from '../errors.js'
import type { Job } from '../ports/key-store.js'
import { type ForgetDeps, findJob, forget } from '../privacy/forget.js'
import type { RetentionReport } from '../privacy/retention.js'
import { readJson } from './body.js'
import { json } from './respond.js'
import type { Route } from './route.js'

/** What the routes of erasure and retention need. */
export interface PrivacyDeps {
  forget: ForgetDeps
  retain(): Promise<RetentionReport>
}

/** Erasure, its jobs, and the daily removal of old rows. */
export const PRIVACY_ROUTES: readonly Route[] = [
  {
    by: 'key',
    method: 'POST',
    path: '/v1/forget',
    limited: 'forget',
    scope: 'admin',
    secretOnly: 'forget_requires_secret_key',
    allowQueryKey: false,
    run: async (deps, { request, principal }) =>
      json(await forget(deps.privacy.forget, principal, await readJson(request, deps)), 200),
  },
  {
    by: 'key',
    method: 'GET',
    path: '/v1/jobs/:id',
    scope: 'admin',
    secretOnly: 'key_kind_not_allowed',
    allowQueryKey: false,
    async run({ privacy }, { principal, params }) {
      const job = await findJob(privacy.forget, principal, params.id ?? '')
      if (job === undefined) throw new AnalyticsError('not_found', 'This project has no such job.')
      return json({ job: toWire(job) }, 200)
    },
  },
  {
    by: 'internal',
    method: 'POST',
    path: '/internal/retention/run',
    run: async ({ privacy }) => json(await privacy.retain(), 200),
  },
]

type WireJob = Omit<Job, 'created_at' | 'finished_at' | 'verified_at'> & {
  created_at: string
  finished_at: string | null
  verified_at: string | null
}

function toWire({ created_at, finished_at, verified_at, ...job }: Job): WireJob {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  return {
    ...job,
    created_at: new Date(created_at).toISOString(),
    finished_at: iso(finished_at),
    verified_at: iso(verified_at),
  }
}
