import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterEach, expect, it } from 'vitest'
import { serve, type TestServer } from './server.js'

const NOW = Date.parse('2026-05-16T19:00:00Z')
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(state: { now: number }): Promise<{
  analytics: Analytics
  server: TestServer
  project: { id: string }
  keys: { pk: string; sk: string; rk: string }
}> {
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    authenticateUser: (request) => (request.headers.get('cookie') === 'me' ? { id: 'me' } : null),
    clock: () => state.now,
    onDiagnostic: () => {},
  })
  const server = await serve(analytics)
  ends.push(() => analytics.close(), server.close)
  const made = await analytics.projects.create({
    slug: 'p',
    owner: 'me',
    allowed_origins: ['https://p.test'],
  })
  return { analytics, server, ...made }
}

it('a rotation sent twice makes one key, and the key to rotate instead is named and has no early end', async () => {
  const state = { now: NOW }
  const { server, project, keys } = await start(state)
  const cookie = { headers: { cookie: 'me' } }
  const path = `/v1/projects/${project.id}/keys`
  const listed = async (): Promise<{ id: string; kind: string; expires_at: number | null }[]> =>
    (await server.ask('GET', path, cookie)).body.keys
  const status = async (key: string): Promise<number> =>
    (await server.ask('GET', '/v1/stats?range=7d', { key })).status
  const old = (await listed()).find(({ kind }) => kind === 'rk')
  // The answer of this one is lost on its way.
  const lost = await server.ask('POST', `${path}/${old?.id}/rotate`, cookie)
  expect(lost.status).toBe(201)
  const again = await server.ask('POST', `${path}/${old?.id}/rotate`, cookie)
  expect([again.status, again.body.error]).toEqual([409, 'key_already_rotated'])
  expect(await listed()).toHaveLength(4)
  const instead = `${path}/${again.body.details.replaced_by}/rotate`
  const next = await server.ask('POST', instead, { ...cookie, body: { overlap_s: 0 } })
  expect(next.status).toBe(201)
  expect(next.body.key.expires_at).toBeNull()
  expect(await status(keys.rk)).toBe(200)
  expect(await status(lost.body.secret)).toBe(401)
  state.now += 40 * 86_400_000
  expect(await status(keys.rk)).toBe(401)
  expect(await status(next.body.secret)).toBe(200)
})

it('the last use of each key is told, of what was let in only, within a minute or so', async () => {
  const state = { now: NOW }
  const { analytics, server, project, keys } = await start(state)
  const last = async (): Promise<Record<string, number | null>> => {
    const { body } = await server.ask('GET', `/v1/projects/${project.id}/keys`, { headers: { cookie: 'me' } })
    return Object.fromEntries(
      body.keys.map(({ kind, last_used_at }: { kind: string; last_used_at: number | null }) => [
        kind,
        last_used_at,
      ]),
    )
  }
  const event = { event: 'e', anonymous_id: 'a' }
  await server.ask('POST', '/v1/track', { key: keys.pk, origin: 'https://p.test', body: event })
  state.now += 30_000
  await server.ask('POST', '/v1/track', { key: keys.pk, origin: 'https://p.test', body: event })
  await server.ask('GET', '/v1/stats?range=7d', { key: `${keys.rk.slice(0, -43)}${'A'.repeat(43)}` })
  expect(await last()).toEqual({ pk: null, sk: null, rk: null })
  state.now += 30_000
  await server.ask('POST', '/v1/track', { key: keys.sk, body: event })
  await expect.poll(last).toEqual({ pk: NOW + 30_000, sk: NOW + 60_000, rk: null })
  await server.ask('GET', '/v1/stats?range=7d', { key: keys.rk })
  const stored = await analytics.keys.list(project.id)
  expect(stored.find(({ kind }) => kind === 'rk')?.last_used_at).toBeNull()
})
