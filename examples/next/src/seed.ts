import { createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { pgliteKeys } from '@millimetric/core/pglite'
import { countryOf, traffic } from './traffic.js'

/** Fills the data folder of the app with made-up traffic. Run it while the app is not running: chDB has one owner. */
const folder = process.env.DATA_DIR ?? '.millimetric/next'
const analytics = createAnalytics({
  events: chdbEvents({ path: `${folder}/events` }),
  keys: pgliteKeys({ path: `${folder}/keys` }),
  project: 'site',
  country: { lookup: countryOf },
})

if ((await analytics.projects.find('site')) === undefined) {
  const { keys } = await analytics.projects.create({
    slug: 'site',
    allowed_origins: [process.env.SITE_URL ?? 'http://localhost:3000'],
  })
  console.log(`Keys, shown once: ${JSON.stringify(keys)}`)
}
const events = [...traffic(Date.now())]
const { results } = await analytics.batch(events)
const refused = results.find(({ ok }) => !ok)
if (refused !== undefined) throw new Error(`Seeding stopped: ${JSON.stringify(refused)}`)
// Runs by itself within the minute; done now, the first look at the page is as fast as later ones.
await analytics.maintain()
await analytics.close()
console.log(`Seeded ${events.length} events.`)
