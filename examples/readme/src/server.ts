import { serve } from '@hono/node-server'
import { millimetric } from '@millimetric/adapters/hono'
import { createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { pgliteKeys } from '@millimetric/core/pglite'
import { Hono } from 'hono'

const analytics = createAnalytics({
  events: chdbEvents({ path: 'data/events' }),
  keys: pgliteKeys({ path: 'data/keys' }),
})
const app = new Hono()
app.all('/analytics/*', millimetric(analytics))
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 8787) })

if (!(await analytics.projects.find('my-app'))) {
  const made = await analytics.projects.create({
    slug: 'my-app',
    allowed_origins: ['http://localhost:8787'],
  })
  console.log('Your keys, shown once:', made.keys)
}

const { rows } = await analytics.stats({ metric: 'uniques', range: '7d', interval: 'day' })
console.table(rows)
