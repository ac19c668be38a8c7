import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { millimetric } from '@millimetric/adapters/express'
import { createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { pgliteKeys } from '@millimetric/core/pglite'
import express from 'express'

const folder = resolve(process.env.DATA_DIR ?? '.millimetric/express')
const port = Number(process.env.PORT ?? 3000)

const analytics = createAnalytics({
  events: chdbEvents({ path: resolve(folder, 'events') }),
  keys: pgliteKeys({ path: resolve(folder, 'keys') }),
  project: 'shop',
})

if ((await analytics.projects.find('shop')) === undefined) {
  const { keys } = await analytics.projects.create({
    slug: 'shop',
    allowed_origins: [`http://localhost:${port}`],
  })
  console.log(`Keys, shown once: ${JSON.stringify(keys)}`)
}

const app = express()
// A parser before the mount does no harm: the adapter looks at the stream.
app.use(express.json())
app.use('/analytics', millimetric(analytics))

// The app tells what its own code knows. `track` never throws: the receipt says what became of the event.
app.post('/orders', async (req, res) => {
  const { user_id, amount_cents } = req.body
  const receipt = await analytics.track(
    { event: 'purchase', user_id, properties: { amount_cents, currency: 'EUR' } },
    { ip: req.ip ?? '', userAgent: req.get('user-agent') ?? '' },
  )
  res.status(201).json({ ordered: true, tracked: receipt.ok })
})

// And asks in process, without a key.
app.get('/admin', async (_req, res) => {
  const [visitors, orders] = await Promise.all([
    analytics.stats({ metric: 'uniques', range: '7d', interval: 'day' }),
    analytics.stats({ metric: 'count', range: '7d', event: 'purchase' }),
  ])
  res.json({ visitors: visitors.rows, orders: orders.rows[0]?.value ?? 0 })
})

// Without these a client that sends its headers byte by byte holds a connection for minutes.
const timeouts = { headersTimeout: 8_000, requestTimeout: 15_000, connectionsCheckingInterval: 1_000 }
const server = createServer(timeouts, app).listen(port, () => {
  const address = server.address()
  const open = typeof address === 'object' && address !== null ? address.port : port
  console.log(`Listening on http://localhost:${open}`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.closeIdleConnections()
    server.close(async () => {
      // Writes what still waits.
      await analytics.close()
      process.exit(0)
    })
  })
}
