import type { EventStore } from '@millimetric/core'
import { memoryEvents } from '@millimetric/core/memory'
import { storedEvent } from '@millimetric/core/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createUpkeep, type Upkeep } from '../../src/query/upkeep.js'

const MINUTE = 60_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Upkeep of a store, and when it has swept, in milliseconds after the beginning. */
function setup(store: EventStore): { upkeep: Upkeep; sweeps: number[]; failures: string[] } {
  const began = Date.now()
  const sweeps: number[] = []
  const failures: string[] = []
  const upkeep = createUpkeep({
    store: {
      ...store,
      async removeTwins() {
        sweeps.push(Date.now() - began)
        return await store.removeTwins()
      },
    },
    findProject: async () => undefined,
    clock: Date.now,
    onDiagnostic: ({ kind }) => failures.push(kind),
  })
  return { upkeep, sweeps, failures }
}

test('twins are gone within a minute after they came, and nobody has to ask for it', async () => {
  const store = memoryEvents()
  const { upkeep } = setup(store)
  const event = storedEvent({ event_id: 'same' })
  for (const token of ['one', 'two']) {
    await store.insert({ token, events: [event] })
    upkeep.noteStored()
  }
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(await store.removeTwins()).toBe(0)
  await upkeep.close()
})

test('events without an end are swept all the same; after the last, the sweeps go on for a minute and end', async () => {
  const { upkeep, sweeps } = setup(memoryEvents())
  for (let second = 0; second < 100; second++) {
    upkeep.noteStored()
    await vi.advanceTimersByTimeAsync(1000)
  }
  expect(sweeps).toEqual([20, 40, 60, 80, 100].map((seconds) => seconds * 1000))
  await vi.advanceTimersByTimeAsync(10 * MINUTE)
  // What came with the last event is not looked at before half a minute has passed for inserts that are slow.
  expect(sweeps.at(-1)).toBeGreaterThanOrEqual(100_000 + 50_000)
  expect(sweeps.at(-1)).toBeLessThan(100_000 + 2 * MINUTE)
  await upkeep.close()
})

test('a round that fails is told, and followed by another', async () => {
  const store = memoryEvents()
  const event = storedEvent({ event_id: 'same' })
  for (const token of ['one', 'two']) await store.insert({ token, events: [event] })
  let away = true
  const { upkeep, failures } = setup({
    ...store,
    async removeTwins() {
      if (away) throw new Error('away')
      return await store.removeTwins()
    },
  })
  upkeep.noteStored()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(failures).toEqual(['upkeep_failed'])
  away = false
  await vi.advanceTimersByTimeAsync(20_000)
  expect(await store.removeTwins()).toBe(0)
  await upkeep.close()
})
