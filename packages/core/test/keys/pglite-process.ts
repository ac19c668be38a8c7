// Opens a PGlite directory, prints what happened, and with "stay" waits to be killed.
import { createKeyManager } from '../../src/auth/manage-keys.js'
import { isAnalyticsError } from '../../src/errors.js'
import { createProjects } from '../../src/projects/projects.js'
import { pgliteKeys } from '../../src/stores/pglite/index.js'

const [path = '', stay] = process.argv.slice(2)
const keys = pgliteKeys({ path })
const keyManager = createKeyManager({ keys, clock: Date.now, invalidate: () => {} })
const projects = createProjects({ keys, keyManager, clock: Date.now })
try {
  const created = await projects.create({ slug: `shop-${process.pid}` })
  console.info(JSON.stringify(created.keys))
  if (stay === 'stay') setInterval(() => {}, 1_000)
} catch (error) {
  const known = isAnalyticsError(error)
  console.info(JSON.stringify({ code: known ? error.code : 'unexpected', message: String(error) }))
}
