import type { StoredEvent } from '@millimetric/core'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryKeys } from '@millimetric/core/memory'
import { batchResponseSchema, errorResponseSchema, trackResponseSchema } from '@millimetric/schema'
import { ACCEPTED_EVENTS, FIXTURE_NOW, REJECTED_EVENTS } from '@millimetric/schema/fixtures'
import { beforeEach, describe, expect, test } from 'vitest'
import { seenEvents } from './seen-events.js'

let stored: StoredEvent[]
let analytics: Analytics
let projectId: string
let key: string
let diagnostics: unknown[]

beforeEach(async () => {
  stored = []
  diagnostics = []
  analytics = createAnalytics({
    events: seenEvents(stored),
    keys: memoryKeys(),
    clock: () => FIXTURE_NOW,
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
  })
  const { keys, project } = await analytics.projects.create({ slug: 'golden' })
  projectId = project.id
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
  expect(stored).toMatchObject([{ ...fixture.stored, project_id: projectId, received_at: FIXTURE_NOW }])
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

// JSON has no NaN and no Infinity: these fixtures exist in process only.
const IN_PROCESS_ONLY = new Set(['NaN', '1e400'])
const overHttp = REJECTED_EVENTS.filter(({ name }) => !IN_PROCESS_ONLY.has(name))

test('two rejected fixtures can not be JSON, all others can', () => {
  expect(overHttp.length).toBe(REJECTED_EVENTS.length - 2)
  for (const { event } of overHttp) expect(JSON.parse(JSON.stringify(event))).toEqual(event)
})

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

test('seconds are told from milliseconds in words', async () => {
  for (const timestamp of [1_761_955_200, 0, 1, '1761955200', '1761955200.25']) {
    const { body } = await post('/v1/track', { event: 'e', anonymous_id: 'a', timestamp })
    expect(body).toMatchObject({
      message: expect.stringMatching(/looks like seconds; send epoch milliseconds/),
      details: { reason: 'invalid_timestamp' },
    })
  }
})

test('the same id with another body: the first is kept, and the repeat says so', async () => {
  const event = { event: 'e', event_id: 'x', anonymous_id: 'a', properties: { n: 1 } }
  const other = { ...event, properties: { n: 2 } }
  expect(await analytics.track(event)).toMatchObject({ status: 'stored' })
  expect(await analytics.track(event)).toEqual({ ok: true, event_id: 'x', status: 'duplicate' })
  expect(diagnostics).toEqual([])
  const conflict = { event_id: 'x', status: 'duplicate', warnings: ['id_conflict'] }
  expect(await analytics.track(other)).toEqual({ ok: true, ...conflict })
  expect(await post('/v1/track', other)).toEqual({ status: 202, body: { ok: true, ...conflict } })
  const { results } = await analytics.batch([
    { ...event, event_id: 'y' },
    { ...other, event_id: 'y' },
  ])
  expect(results).toMatchObject([{ status: 'stored' }, { ...conflict, event_id: 'y' }])
  expect(stored.map(({ event_id, properties }) => [event_id, properties])).toEqual([
    ['x', '{"n":1}'],
    ['y', '{"n":1}'],
  ])
  const heard = { kind: 'id_conflict', level: 'warn', project_id: projectId }
  expect(diagnostics).toEqual(['x', 'x', 'y'].map((event_id) => ({ ...heard, event_id })))
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

test('properties that write themselves as JSON are what they write', async () => {
  class Document {
    private readonly secret = 1
    toJSON(): object {
      return { plan: 'pro', nested: { toJSON: () => this.secret } }
    }
  }
  await analytics.track({ event: 'e', anonymous_id: 'a', properties: new Document() as never })
  expect(stored[0]?.properties).toBe('{"plan":"pro","nested":1}')
})

test('10,000 calls with what can not be read or written: none throws, each gets its receipt', async () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const deepest = { a: {} as Record<string, unknown> }
  let at = deepest.a
  for (let n = 0; n < 100_000; n++) {
    const next = {}
    at.a = next
    at = next
  }
  const thrower = (): never => {
    throw new Error('trap')
  }
  const trap = new Proxy({}, { ownKeys: thrower, get: thrower })
  const withProperties = (properties: unknown): unknown => ({ event: 'e', anonymous_id: 'a', properties })
  const hostile: [name: string, event: unknown, outcome: string][] = [
    ['a cycle', withProperties(cycle), 'too_deep'],
    ['a BigInt', withProperties({ n: 1n }), 'stored'],
    [
      'a getter',
      withProperties({
        get boom() {
          return thrower()
        },
      }),
      'invalid_properties',
    ],
    ['a toJSON', withProperties({ toJSON: thrower }), 'invalid_properties'],
    ['a Date for properties', withProperties(new Date(0)), 'invalid_properties'],
    ['values that JSON leaves out', withProperties({ s: Symbol('s'), f: () => 1, u: undefined }), 'stored'],
    ['a date that is none', withProperties({ d: new Date(Number.NaN) }), 'stored'],
    ['100,000 levels', withProperties(deepest), 'too_deep'],
    ['frozen', Object.freeze(withProperties(Object.freeze({ a: Object.freeze([1]) }))), 'stored'],
    ['100,000 values', withProperties({ list: new Array(100_000).fill(0) }), 'too_many_values'],
    ['a Proxy', trap, 'invalid_event'],
    ['a Proxy for an id', { event: 'e', anonymous_id: trap }, 'invalid_event'],
    ['a Proxy for properties', withProperties(trap), 'invalid_properties'],
    ['undefined', undefined, 'invalid_event'],
    ['a function', () => 1, 'invalid_event'],
    ['a Symbol', Symbol('event'), 'invalid_event'],
  ]
  const outcome = async (event: unknown): Promise<string> => {
    const receipt = await analytics.track(event as never)
    return receipt.ok ? receipt.status : receipt.code
  }
  const rounds = Math.ceil(10_000 / hostile.length)
  const outcomes = await Promise.all(
    Array.from({ length: rounds }, async () => await Promise.all(hostile.map(([, event]) => outcome(event)))),
  )
  for (const [index, [name, , expected]] of hostile.entries()) {
    expect([name, [...new Set(outcomes.map((round) => round[index]))]]).toEqual([name, [expected]])
  }
  const huge = withProperties({ s: 'x'.repeat(10_000_000) })
  expect(await analytics.track(huge as never)).toMatchObject({
    status: 'stored',
    warnings: ['properties_truncated'],
  })
})
