import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startedBefore } from '../../../scripts/test-run/prepared-keys.js'
import { post, type Running, read, start, value } from '../../hono/test/start.js'

const folder = mkdtempSync(join(tmpdir(), 'millimetric-express-'))
let server: Running
let url: string
let keys: { pk: string; sk: string; rk: string }

function boot(): Running {
  const example = fileURLToPath(new URL('..', import.meta.url))
  return start(example, ['--import', 'tsx', 'src/server.ts'], { PORT: '0', DATA_DIR: folder })
}

beforeAll(async () => {
  await startedBefore(folder)
  server = boot()
  keys = JSON.parse((await server.printed('stdout', /Keys, shown once: (\{.*\})\n/))[1] ?? '')
  url = (await server.printed('stdout', /Listening on (http:\S+)/))[1] ?? ''
})

afterAll(async () => {
  await server.stop('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const api = (path: string): string => `${url}/analytics/v1/${path}`

it('takes JSON behind express.json(), batches, and a beacon that no parser wants', async () => {
  expect((await post(api('track'), keys.sk, { event: 'viewed', anonymous_id: 'a' })).status).toBe(202)
  const events = [
    { event: 'viewed', anonymous_id: 'b' },
    { event: 'viewed', anonymous_id: 'c', timestamp: 'never' },
  ]
  const batch = await post(api('batch'), keys.sk, { events })
  expect([batch.status, await batch.json()]).toMatchObject([202, { count: 1 }])
  const beacon = await fetch(api(`track?key=${keys.pk}`), {
    method: 'POST',
    headers: {
      'content-type': 'text/plain',
      origin: 'http://localhost:0',
      'user-agent': 'Mozilla/5.0 (X11) Firefox/145.0',
    },
    body: JSON.stringify({ event: 'viewed', anonymous_id: 'd' }),
  })
  expect([beacon.status, await beacon.json()]).toMatchObject([202, { ok: true }])
  expect(await value(api('stats?range=today&event=viewed'), keys.rk)).toBe(3)
  expect(await value(api('stats?range=today&event=viewed&metric=uniques'), keys.rk)).toBe(3)
})

it('links an identity', async () => {
  const identity = { anonymous_id: 'a', user_id: 'user_1', traits: { plan: 'team' } }
  expect((await post(api('identify'), keys.sk, identity)).status).toBe(200)
  const { body } = await read(api('query?range=today&user_id=user_1'), keys.rk)
  expect(JSON.stringify(body.rows)).toContain('$identify')
})

it('gives wrong keys and wrong bodies their answers', async () => {
  const event = { event: 'viewed' }
  expect((await post(api('track'), `${keys.sk}x`, event)).status).toBe(401)
  expect((await post(api('track'), keys.rk, event)).status).toBe(403)
  expect((await post(api('track'), keys.pk, event, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await post(api('track'), keys.sk, { name: 'viewed' })).status).toBe(400)
  expect((await read(api('stats?range=today'), keys.pk)).status).toBe(403)
  expect((await fetch(`${url}/analytics/v1/nothing`)).status).toBe(404)
})

it('counts what the app tracks in process, and finds it again after a restart', async () => {
  const order = await post(`${url}/orders`, '', { user_id: 'user_2', amount_cents: 4900 })
  expect(await order.json()).toEqual({ ordered: true, tracked: true })
  expect((await read(`${url}/admin`, '')).body).toMatchObject({ orders: 1 })

  expect(await server.stop('SIGTERM')).toBe(0)
  server = boot()
  url = (await server.printed('stdout', /Listening on (http:\S+)/))[1] ?? ''
  expect(server.stdout()).not.toContain('Keys')
  expect((await read(`${url}/admin`, '')).body).toMatchObject({ orders: 1 })
  expect(await value(api('stats?range=today&event=viewed'), keys.rk)).toBe(3)
})
