import { createAnalytics, type StoredEvent } from '@millimetric/core'
import { memoryKeys } from '@millimetric/core/memory'
import { ACCEPTED_EVENTS, FIXTURE_NOW } from '@millimetric/schema/fixtures'
import { type Drop, MillimetricClient } from '@millimetric/track-node'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { seenEvents } from './seen-events.js'

let stored: StoredEvent[]
let drops: Drop[]
let client: MillimetricClient

beforeEach(async () => {
  // The client puts its own time where an event has none.
  vi.useFakeTimers({ now: FIXTURE_NOW, toFake: ['Date'] })
  stored = []
  drops = []
  const analytics = createAnalytics({
    events: seenEvents(stored),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
  })
  const { keys } = await analytics.projects.create({ slug: 'p' })
  client = new MillimetricClient({
    key: keys.sk,
    host: 'http://host.test',
    fetch: async (input, init) => await analytics.handler(new Request(input, init)),
    onDrop: (drop) => drops.push(drop),
  })
})
afterEach(() => vi.useRealTimers())

test.each(ACCEPTED_EVENTS)('the node client brings $name as it is', async (fixture) => {
  const receipt = await client.track({ event: '', ...fixture.event })
  expect(receipt).toMatchObject({ event_id: expect.any(String), status: 'stored' })
  expect(receipt.warnings ?? []).toEqual(fixture.warnings ?? [])
  expect(stored).toMatchObject([{ ...fixture.stored, event_id: receipt.event_id }])
  expect(drops).toEqual([])
})

test('the node client’s links are those of identify', async () => {
  await client.identify({ anonymous_id: 'u_1', user_id: 42, traits: { plan: 'pro' } })
  expect(stored).toMatchObject([
    { event_name: '$identify', anonymous_id: 'u_1', user_id: '42', properties: '{"plan":"pro"}' },
  ])
})
