import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { beforeEach, expect, test, vi } from 'vitest'
import * as crypto from '#crypto'

vi.mock(import('#crypto'), async (original) => {
  const real = await original()
  return {
    ...real,
    sha256Hex: vi.fn(real.sha256Hex),
    constantTimeEqualHex: vi.fn(real.constantTimeEqualHex),
  }
})

const NOW = 1_778_958_000_000
const ORIGIN = 'https://shop.test'
const otherSecret = (key: string): string => `${key.slice(0, -43)}${'A'.repeat(43)}`

let now: number
let analytics: Analytics
/** Keys that are not valid, each for another reason. */
let refused: Readonly<Record<string, string>>

beforeEach(async () => {
  now = NOW
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => now,
    onDiagnostic: () => {},
  })
  const { project, keys } = await analytics.projects.create({ slug: 'shop', allowed_origins: [ORIGIN] })
  const key = { project_id: project.id, kind: 'sk' } as const
  const revoked = await analytics.keys.create(key)
  const expired = await analytics.keys.create({ ...key, expires_at: NOW + 10 })
  await analytics.keys.revoke(project.id, revoked.key.id)
  now += 10
  refused = {
    'unknown prefix': `sk_live_00000000_${'A'.repeat(43)}`,
    'unknown prefix of a public key': `pk_live_00000000_${'A'.repeat(43)}`,
    'wrong secret': otherSecret(keys.sk),
    'wrong secret of a public key': otherSecret(keys.pk),
    'wrong secret and kind': otherSecret(keys.sk).replace('sk_', 'rk_'),
    'other environment': keys.sk.replace('_live_', '_test_'),
    'wrong secret and environment': otherSecret(keys.sk).replace('_live_', '_test_'),
    revoked: revoked.secret,
    expired: expired.secret,
  }
  return async () => void (await analytics.close())
})

type Route = readonly [method: string, path: string, body: string | undefined]

const TRACK: Route = ['POST', '/v1/track', '{"event":"e","anonymous_id":"a"}']
const ROUTES: readonly Route[] = [
  TRACK,
  ['POST', '/v1/batch', '{"events":[{"event":"e","anonymous_id":"a"}]}'],
  ['POST', '/v1/forget', '{"user_id":"u"}'],
  ['GET', '/v1/stats?range=7d', undefined],
]

/** Everything that is sent back; the id of the request, which is random, has its length only. */
async function bytes(key: string, [method, path, body]: Route): Promise<string> {
  const answer = await analytics.handler(
    new Request(`http://host.test${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, origin: ORIGIN },
      ...(body === undefined ? {} : { body }),
    }),
  )
  const head = [answer.status, answer.statusText, ...[...answer.headers].map((pair) => pair.join(': '))]
  const id = answer.headers.get('x-request-id') ?? ''
  expect(id).toMatch(/^[0-9a-f]{16}$/)
  return `${head.join('\r\n')}\r\n\r\n${await answer.text()}`.replaceAll(id, 'r'.repeat(id.length))
}

test.each(ROUTES)('whatever is wrong with a key, %s %s answers with the same bytes', async (...route) => {
  for (let turn = 0; turn < 2; turn++) {
    const answers = new Map<string, string>()
    for (const [why, key] of Object.entries(refused)) answers.set(why, await bytes(key, route))
    expect(answers.get('unknown prefix')).toMatch(/^401\r\n[\s\S]*"error":"invalid_api_key"/)
    for (const [why, answer] of answers) expect([why, answer]).toEqual([why, answers.get('unknown prefix')])
  }
})

test('and does the same work: a hash and a comparison', async () => {
  for (const key of Object.values(refused)) await bytes(key, TRACK)
  for (const [why, key] of Object.entries(refused)) {
    vi.mocked(crypto.sha256Hex).mockClear()
    vi.mocked(crypto.constantTimeEqualHex).mockClear()
    await bytes(key, TRACK)
    expect([why, vi.mocked(crypto.sha256Hex).mock.calls.map(([text]) => text.length > 43)]).toEqual([
      why,
      [true],
    ])
    const compared = vi
      .mocked(crypto.constantTimeEqualHex)
      .mock.calls.map((hashes) => hashes.map((h) => h.length))
    expect([why, compared]).toEqual([why, [[64, 64]]])
  }
})
