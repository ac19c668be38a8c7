import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { pgliteKeys } from '@millimetric/core/pglite'

declare global {
  var millimetric: Analytics | undefined
}

const folder = process.env.DATA_DIR ?? '.millimetric/next'

// Pages and routes are bundled apart and reloaded in development: the process keeps the one instance.
globalThis.millimetric ??= createAnalytics({
  events: chdbEvents({ path: `${folder}/events` }),
  keys: pgliteKeys({ path: `${folder}/keys` }),
  project: 'site',
})

/** The analytics of this app. Making it opens nothing, so `next build` touches no data. */
export const analytics: Analytics = globalThis.millimetric
