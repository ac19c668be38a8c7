import type { StoredEvent } from '@millimetric/core'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { batchResponseSchema, errorResponseSchema, trackResponseSchema } from '@millimetric/schema'
import { ACCEPTED_EVENTS, FIXTURE_NOW, REJECTED_EVENTS } from '@millimetric/schema/fixtures'
import { beforeEach, describe, expect, test } from 'vitest'

let stored: StoredEvent[]
let analytics: Analytics
let key: string
let diagnostics: unknown[]

beforeEach(async () => {
  stored = []
  diagnostics = []
  const events = memoryEvents()
  analytics = createAnalytics({
    events: {
      ...events,
      async insert(batch) {
        stored.push(...batch.events)
        await events.insert(batch)
      },
    },
    keys: memoryKeys(),
    clock: () => FIXTURE_NOW,
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
  })
  const { keys } = await analytics.projects.create({ slug: 'golden' })
  key = keys.sk
})

async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await analytics.handler(
    new Request(`http://host.test${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    }),
  )
  return { status: answer.status, body: await answer.json() }
}

function expectStored(fixture: (typeof ACCEPTED_EVENTS)[number]): void {
  expect(stored).toHaveLength(1)
  expect(stored[0]).toMatchObject(fixture.stored)
}

describe('accepted in process', () => {
  for (const fixture of ACCEPTED_EVENTS) {
    test(fixture.name, async () => {
      const receipt = await analytics.track({ event: '', ...fixture.event })
      expect(receipt).toMatchObject({ ok: true, status: 'stored' })
      expectStored(fixture)
      if (receipt.ok) expect(receipt.warnings ?? []).toEqual(fixture.warnings ?? [])
    })
  }
})

describe('accepted over HTTP', () => {
  for (const fixture of ACCEPTED_EVENTS) {
    test(fixture.name, async () => {
      const { status, body } = await post('/v1/track', fixture.event)
      expect(status).toBe(202)
      const answer = trackResponseSchema.parse(body)
      expect(answer.warnings ?? []).toEqual(fixture.warnings ?? [])
      expectStored(fixture)
    })
  }
})

// JSON has no NaN and no Infinity: such fixtures exist in process only.
const overHttp = REJECTED_EVENTS.filter(({ event }) => {
  const same = JSON.stringify(event)
  return !/(NaN|1e400)/.test(same) && !['NaN', '1e400'].includes(nameOf(event))
})

function nameOf(event: unknown): string {
  return REJECTED_EVENTS.find((fixture) => fixture.event === event)?.name ?? ''
}

describe('rejected in process: a receipt and a diagnostic, never a throw', () => {
  for (const fixture of REJECTED_EVENTS) {
    test(fixture.name, async () => {
      const receipt = await analytics.track(fixture.event as never)
      expect(receipt).toMatchObject({ ok: false, status: 'rejected', code: fixture.code })
      expect(stored).toHaveLength(0)
      expect(diagnostics).toMatchObject([{ kind: 'event_not_stored', code: fixture.code }])
    })
  }
})

describe('rejected over HTTP: alone 400, beside a good one only itself', () => {
  for (const fixture of overHttp) {
    test(fixture.name, async () => {
      const alone = await post('/v1/track', fixture.event)
      expect(alone.status).toBe(400)
      const error = errorResponseSchema.parse(alone.body)
      expect([error.error, error.details?.reason]).toEqual(['invalid_payload', fixture.code])

      const good = { event: 'good', anonymous_id: 'a', event_id: 'good' }
      const beside = await post('/v1/batch', { events: [good, fixture.event] })
      expect(beside.status).toBe(202)
      const answer = batchResponseSchema.parse(beside.body)
      expect(answer.count).toBe(1)
      expect(answer.results).toMatchObject([
        { index: 0, event_id: 'good', status: 'stored' },
        { index: 1, status: 'rejected', code: fixture.code },
      ])
      expect(stored.map(({ event_id }) => event_id)).toEqual(['good'])
    })
  }
})

test('1e400 in a body is rejected, not stored as null', async () => {
  const answer = await analytics.handler(
    new Request('http://host.test/v1/track', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: '{"event":"e","anonymous_id":"a","properties":{"n":1e400}}',
    }),
  )
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { details: { reason: 'number_out_of_range' } },
  ])
})

test('duplicate keys in a body: the last wins', async () => {
  await analytics.handler(
    new Request('http://host.test/v1/track', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: '{"event":"e","anonymous_id":"a","properties":{"n":1,"n":2}}',
    }),
  )
  expect(stored[0]?.properties).toBe('{"n":2}')
})

test('values that throw when they are touched: 10,000 calls, a receipt each', async () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const deepest = { a: {} as Record<string, unknown> }
  let at = deepest.a
  for (let n = 0; n < 100_000; n++) {
    const next = {}
    at.a = next
    at = next
  }
  const trap = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('trap')
      },
      get() {
        throw new Error('trap')
      },
    },
  )
  const hostile: unknown[] = [
    { event: 'e', anonymous_id: 'a', properties: cycle },
    { event: 'e', anonymous_id: 'a', properties: { n: 1n } },
    {
      event: 'e',
      anonymous_id: 'a',
      properties: {
        get boom(): string {
          throw new Error('getter')
        },
      },
    },
    {
      event: 'e',
      anonymous_id: 'a',
      properties: {
        toJSON() {
          throw new Error('toJSON')
        },
      },
    },
    {
      event: 'e',
      anonymous_id: 'a',
      properties: { s: Symbol('s'), f: () => 1, d: new Date(Number.NaN), u: undefined },
    },
    { event: 'e', anonymous_id: 'a', properties: { s: 'x'.repeat(500_000) } },
    { event: 'e', anonymous_id: 'a', properties: deepest },
    Object.freeze({ event: 'e', anonymous_id: 'a', properties: Object.freeze({ a: Object.freeze([1]) }) }),
    { event: 'e', anonymous_id: 'a', properties: { list: new Array(100_000).fill(0) } },
    trap,
    { event: 'e', anonymous_id: trap },
    { event: 'e', anonymous_id: 'a', properties: trap },
    undefined,
    () => 1,
    Symbol('event'),
  ]
  const statuses = new Map<string, number>()
  for (let n = 0; n < 10_000; n++) {
    const receipt = analytics.track(hostile[n % hostile.length] as never)
    if (n % 500 > 0) continue
    const { status } = await receipt
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  expect([...statuses.keys()].sort()).toEqual(['rejected', 'stored'])
}, 60_000)
