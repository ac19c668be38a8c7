import type { AccountKeys } from '../auth/account-keys.js'
import type { ManageDeps } from '../projects/manage-projects.js'
import type { UsageDeps } from '../projects/usage.js'

/** What the routes of projects, keys and usage need. */
export interface ControlDeps extends ManageDeps, UsageDeps {
  accountKeys: AccountKeys
}
