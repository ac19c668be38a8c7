import type { Analytics } from '../api.js'
import { AnalyticsError } from '../errors.js'
import type { Job } from '../ports/key-store.js'
import type { CommandInput } from './commands.js'

export const FORGET_USAGE =
  'forget --project P --user ID | --anonymous ID          erases a person everywhere, and waits until nothing is left'
export const RETENTION_USAGE =
  'retention                  removes what is older than each project keeps; run it daily'

const LOOK_MS = 250

/** Asks for the erasure and waits for its job. Errors: `invalid_params`, `unknown_project`, `storage_unavailable`. */
export async function forgetPerson(analytics: Analytics, options: CommandInput['options']): Promise<Job> {
  const { project, user, anonymous } = options
  if ((typeof user === 'string') === (typeof anonymous === 'string')) {
    throw new AnalyticsError('invalid_params', 'forget takes either --user ID or --anonymous ID.')
  }
  const context = typeof project === 'string' ? { project } : {}
  const person =
    typeof user === 'string'
      ? { user_id: user }
      : { anonymous_id: typeof anonymous === 'string' ? anonymous : '' }
  const { job } = await analytics.forget(person, context)
  for (;;) {
    const found = await analytics.jobs.find(job.id, context)
    if (found?.state === 'done') return found
    if (found === undefined || found.state === 'failed') {
      throw new AnalyticsError(
        'storage_unavailable',
        `The erasure failed: ${found?.error ?? 'its job is gone'}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
