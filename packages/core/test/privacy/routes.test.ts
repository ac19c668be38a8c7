import { randomUUID } from 'node:crypto'
import type { Analytics } from '@millimetric/core'
import { memoryEvents } from '@millimetric/core/memory'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve, type TestServer } from '../control/server.js'
import { finished, quickAnalytics } from './forgetting.js'

const SECRET = 'a secret of schedulers'

let analytics: Analytics
let server: TestServer
let shop: { project: { id: string }; keys: Record<'pk' | 'sk' | 'rk', string> }
let next: typeof shop

beforeAll(async () => {
  analytics = quickAnalytics({
    events: memoryEvents(),
    internalSecret: SECRET,
    project: 'shop',
    onDiagnostic() {},
  })
  shop = await analytics.projects.create({ slug: 'shop', allowed_origins: ['https://shop.test'] })
  next = await analytics.projects.create({ slug: 'next' })
  server = await serve(analytics)
})
afterAll(async () => {
  await server.close()
  await analytics.close()
})

test('forget answers at once, and the job says when it is verified', async () => {
  await analytics.track({ event: 'e', event_id: 'e', user_id: 'ann' })
  const answer = await server.ask('POST', '/v1/forget', { key: shop.keys.sk, body: { user_id: 'ann' } })
  expect([answer.status, answer.body]).toEqual([
    200,
    { ok: true, queued: true, job: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), state: 'queued' } },
  ])
  const { id } = answer.body.job
  await finished(analytics, id)
  const job = await server.ask('GET', `/v1/jobs/${id}`, { key: shop.keys.sk })
  expect([job.status, job.body.job]).toEqual([
    200,
    {
      id,
      project_id: shop.project.id,
      kind: 'forget',
      state: 'done',
      counts: { events: 1, identity_links: 0 },
      created_at: expect.stringMatching(/Z$/),
      finished_at: expect.stringMatching(/Z$/),
      verified_at: expect.stringMatching(/Z$/),
      error: null,
    },
  ])
  const late = await server.ask('POST', '/v1/track', {
    key: shop.keys.sk,
    body: { event: 'e', event_id: 'e', user_id: 'ann', timestamp: Date.now() - 60_000 },
  })
  expect([late.status, late.body.status]).toEqual([202, 'dropped'])
})

test('only secret keys of the project may', async () => {
  const body = { user_id: 'x' }
  const { sk, pk, rk } = shop.keys
  const asked = async (path: string, key: string | undefined): Promise<unknown[]> => {
    const post = path === '/v1/forget'
    const answer = await server.ask(post ? 'POST' : 'GET', path, {
      key,
      origin: 'https://shop.test',
      ...(post ? { body } : {}),
    })
    return [answer.status, answer.body.error]
  }
  expect(await asked('/v1/forget', pk)).toEqual([403, 'forget_requires_secret_key'])
  expect(await asked('/v1/forget', rk)).toEqual([403, 'forget_requires_secret_key'])
  expect(await asked('/v1/forget', undefined)).toEqual([401, 'missing_bearer_token'])
  const { secret: weak } = await analytics.keys.create({
    project_id: shop.project.id,
    kind: 'sk',
    scopes: ['ingest'],
  })
  expect(await asked('/v1/forget', weak)).toEqual([403, 'insufficient_scope'])

  const { job } = await analytics.forget({ user_id: 'x' })
  expect(await asked(`/v1/jobs/${job.id}`, rk)).toEqual([403, 'key_kind_not_allowed'])
  expect((await asked(`/v1/jobs/${job.id}`, sk))[0]).toBe(200)
  const foreign = await server.ask('GET', `/v1/jobs/${job.id}`, { key: next.keys.sk })
  const absent = await server.ask('GET', `/v1/jobs/${randomUUID()}`, { key: next.keys.sk })
  const strip = ({ request_id: _, ...rest }: Record<string, unknown>): unknown => rest
  expect([foreign.status, strip(foreign.body)]).toEqual([404, strip(absent.body)])
  expect(absent.status).toBe(404)
})

test('bad bodies say what to send', async () => {
  for (const body of [
    {},
    { user_id: 'a', anonymous_id: 'b' },
    { user_id: '' },
    { user_id: 'x'.repeat(257) },
    [],
  ]) {
    const answer = await server.ask('POST', '/v1/forget', { key: shop.keys.sk, body })
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_payload'])
    expect(answer.body.message).toMatch(/user_id.*anonymous_id/)
  }
})

test('retention takes the internal secret and nothing else, and is not there without one', async () => {
  const path = '/internal/retention/run'
  const right = await server.ask('POST', path, { headers: { 'x-internal-secret': SECRET } })
  expect([right.status, right.body]).toEqual([200, { ok: true, projects: 0, removed: {} }])
  const wrong = await server.ask('POST', path, { headers: { 'x-internal-secret': `${SECRET}!` } })
  expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_internal_secret'])
  const key = await server.ask('POST', path, { key: shop.keys.sk })
  expect([key.status, key.body.error]).toEqual([401, 'invalid_internal_secret'])
  expect((await server.ask('GET', path, { headers: { 'x-internal-secret': SECRET } })).status).toBe(405)

  const without = quickAnalytics({ events: memoryEvents() })
  const bare = await serve(without)
  const unset = await bare.ask('POST', path, { headers: { 'x-internal-secret': '' } })
  const nowhere = await bare.ask('POST', '/internal/nothing')
  expect([unset.status, unset.body.error, unset.body.message]).toEqual([
    404,
    nowhere.body.error,
    nowhere.body.message,
  ])
  await bare.close()
  await without.close()
})
