import { millimetric } from '@millimetric/adapters/hono'
import type { Analytics } from '@millimetric/core'
import { Hono } from 'hono'
import { PAGES, page, waitingPage } from './page.js'
import type { DemoProject } from './project.js'

export interface DemoApp {
  fetch(request: Request, env: object): Response | Promise<Response>
  /** From now on the app answers; before it says that it is starting. */
  ready(project: DemoProject): void
}

/** The demo's pages, the numbers they show, and everything else by the analytics handler: `/v1/*`, `/healthz`. */
export function demoApp(analytics: Analytics): DemoApp {
  const app = new Hono()
  let project: DemoProject | undefined

  app.use(async (c, next) => {
    if (project) return next()
    c.header('retry-after', '2')
    return c.html(waitingPage, 503)
  })
  for (const path of PAGES) app.get(path, (c) => c.html(page(project?.keys.pk ?? '')))
  app.get('/numbers', async (c) => c.json(await numbers(analytics)))
  app.all('/*', millimetric(analytics))

  return {
    fetch: app.fetch,
    ready(opened) {
      project = opened
    },
  }
}

/** Asked in process: no key, no HTTP. */
async function numbers(analytics: Analytics): Promise<object> {
  const [visitors, events, hour, latest, sources] = await Promise.all([
    analytics.stats({ range: 'today', metric: 'uniques' }),
    analytics.stats({ range: 'today', metric: 'count' }),
    analytics.stats({ range: '1h', metric: 'count' }),
    analytics.query({ range: '1h', limit: 6 }),
    analytics.sources({ range: '30d', limit: 6 }),
  ])
  return {
    visitors: visitors.rows[0]?.value ?? 0,
    events: events.rows[0]?.value ?? 0,
    last_hour: hour.rows[0]?.value ?? 0,
    latest: latest.rows.map(({ event_name, path, source }) => ({ event_name, path, source })),
    sources: sources.rows,
  }
}
