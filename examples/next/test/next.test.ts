import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort, post, type Running, read, start, value } from '../../hono/test/start.js'

const example = fileURLToPath(new URL('..', import.meta.url))
const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
const folder = mkdtempSync(join(tmpdir(), 'millimetric-next-'))
const quiet = { NEXT_TELEMETRY_DISABLED: '1', DATA_DIR: folder }
let server: Running | undefined
let url: string
let keys: { pk: string; sk: string; rk: string }

async function boot(port: number): Promise<Running> {
  const program = start(example, [next, 'start', '--port', String(port)], { ...quiet, SITE_URL: url })
  await program.printed('stdout', /Ready in/)
  return program
}

beforeAll(async () => {
  const build = start(example, [next, 'build'], quiet)
  if ((await build.ended()) !== 0) throw new Error(`next build failed\n${build.stdout()}\n${build.stderr()}`)
  const port = await freePort()
  url = `http://localhost:${port}`
  server = await boot(port)
  keys = JSON.parse((await server.printed('stdout', /Keys, shown once: (\{.*\})\n/))[1] ?? '')
})

afterAll(async () => {
  await server?.stop('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const api = (path: string): string => `${url}/api/analytics/v1/${path}`

it('takes events through the route handlers and counts them in the page, one instance for both', async () => {
  const event = {
    event: '$pageview',
    anonymous_id: 'a',
    url: `${url}/?utm_source=newsletter&utm_medium=email`,
  }
  expect((await post(api('track'), keys.sk, event)).status).toBe(202)
  expect(
    (await post(api('batch'), keys.sk, { events: [event, { ...event, anonymous_id: 'b' }] })).status,
  ).toBe(202)
  const beacon = await fetch(api(`track?key=${keys.pk}`), {
    method: 'POST',
    headers: { 'content-type': 'text/plain', origin: url, 'user-agent': 'Mozilla/5.0 (X11) Firefox/145.0' },
    body: JSON.stringify({ ...event, anonymous_id: 'c' }),
  })
  expect(beacon.status).toBe(202)
  expect(await value(api('stats?range=today&event=$pageview'), keys.rk)).toBe(4)
  expect(await value(api('stats?range=today&metric=uniques'), keys.rk)).toBe(3)
  const page = (await (await fetch(url)).text()).replaceAll('<!-- -->', '')
  expect(page).toContain('newsletter / email: 3')
})

it('answers OPTIONS, HEAD, and wrong keys by itself', async () => {
  const preflight = await fetch(api('track'), {
    method: 'OPTIONS',
    headers: { origin: url, 'access-control-request-method': 'POST' },
  })
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, url])
  const head = await fetch(api('a.js'), { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect(head.headers.get('content-type')).toContain('javascript')
  expect((await post(api('track'), 'sk_live_none', {})).status).toBe(401)
  expect((await post(api('track'), keys.rk, { event: 'x' })).status).toBe(403)
  expect((await read(api('stats?range=today'), keys.pk)).status).toBe(403)
  const unknown = await fetch(api('nothing'))
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: 'not_found' }])
})

it('ends on SIGTERM and finds its data again', async () => {
  await server?.stop('SIGTERM')
  server = await boot(Number(new URL(url).port))
  expect(await value(api('stats?range=today&event=$pageview'), keys.rk)).toBe(4)
  expect(server.stdout()).not.toContain('Keys')
})
