import type { EventKey, EventStore, FrozenBatch, StoredEvent } from '@millimetric/core'
import { memoryEvents } from '@millimetric/core/memory'
import { storedEvent, TEST_PROJECT } from '@millimetric/core/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { AnalyticsError } from '../../src/errors.js'
import { createDeliver, type Deliver, type DeliverOptions, type Delivery } from '../../src/ingest/deliver.js'

const OPTIONS: DeliverOptions = {
  maxBatchRows: 10,
  flushRows: 10,
  flushIntervalMs: 1,
  maxWaiting: 1000,
  retryDelaysMs: [1, 1],
}

function setup(
  options: Partial<DeliverOptions> = {},
  change: (store: EventStore) => Partial<EventStore> = () => ({}),
): { deliver: Deliver; batches: FrozenBatch[]; store: EventStore; kinds: string[] } {
  const batches: FrozenBatch[] = []
  const kinds: string[] = []
  const memory = memoryEvents()
  const base: EventStore = {
    ...memory,
    async insert(batch) {
      batches.push(batch)
      await memory.insert(batch)
    },
  }
  const store = { ...base, ...change(base) }
  const deliver = createDeliver({
    store,
    options: { ...OPTIONS, ...options },
    clock: Date.now,
    onDiagnostic: ({ kind }) => kinds.push(kind),
  })
  return { deliver, batches, store, kinds }
}

const event = (id: string): { event: StoredEvent; fresh: boolean } => ({
  event: storedEvent({ event_id: id }),
  fresh: false,
})

const away = (): AnalyticsError => new AnalyticsError('storage_unavailable', 'away')

test('concurrent requests share one insert', async () => {
  const { deliver, batches } = setup()
  const statuses = await Promise.all(['a', 'b', 'c'].map((id) => deliver.append([event(id)])))
  expect(statuses).toEqual([['stored'], ['stored'], ['stored']])
  expect(batches.map(({ events }) => events.length)).toEqual([3])
})

test('there is never more than one insert in flight', async () => {
  let inFlight = 0
  let most = 0
  const { deliver } = setup({ maxBatchRows: 2 }, (store) => ({
    async insert(batch) {
      inFlight += 1
      most = Math.max(most, inFlight)
      await new Promise((resolve) => setTimeout(resolve, 3))
      await store.insert(batch)
      inFlight -= 1
    },
  }))
  await Promise.all(Array.from({ length: 20 }, (_, n) => deliver.append([event(String(n))])))
  expect(most).toBe(1)
})

test('the same id in one request, in two at once, and later: stored once, told each time', async () => {
  const { deliver, batches } = setup()
  const [first, second] = await Promise.all([
    deliver.append([event('x'), event('x')]),
    deliver.append([event('x')]),
  ])
  expect([first, second]).toEqual([['stored', 'duplicate'], ['duplicate']])
  expect(await deliver.append([event('x')])).toEqual(['duplicate'])
  expect(batches.flatMap(({ events }) => events).length).toBe(1)
})

test('the same id in two projects is two events', async () => {
  const { deliver } = setup()
  const other = {
    event: storedEvent({ event_id: 'x', project_id: '22222222-2222-4222-8222-222222222222' }),
    fresh: false,
  }
  expect(await deliver.append([event('x'), other])).toEqual(['stored', 'stored'])
})

test('every send of a batch is the same batch under the same token', async () => {
  const sends: FrozenBatch[] = []
  const { deliver, kinds } = setup({}, (store) => ({
    async insert(batch) {
      sends.push(batch)
      await store.insert(batch)
      if (sends.length < 3) throw away()
    },
  }))
  const pending = deliver.append([event('a')])
  await new Promise((resolve) => setTimeout(resolve, 2))
  const meanwhile = deliver.append([event('b')])
  expect(await pending).toEqual(['stored'])
  expect(await meanwhile).toEqual(['stored'])
  expect(new Set(sends.slice(0, 3)).size).toBe(1)
  expect(sends[3]?.token).not.toBe(sends[0]?.token)
  expect(kinds).toEqual(['insert_failed', 'insert_failed'])
})

test('when the store stays away the caller hears storage_unavailable, and the queue goes on', async () => {
  let broken = true
  const { deliver } = setup({}, (store) => ({
    async insert(batch) {
      if (broken) throw away()
      await store.insert(batch)
    },
  }))
  await expect(deliver.append([event('a')])).rejects.toMatchObject({ code: 'storage_unavailable' })
  broken = false
  expect(await deliver.append([event('a')])).toEqual(['stored'])
})

test('an insert that fails refuses only the requests that needed it; repeats beside them are duplicates', async () => {
  let broken = false
  const { deliver, batches } = setup({ retryDelaysMs: [] }, (store) => ({
    async insert(batch) {
      if (broken) throw away()
      await store.insert(batch)
    },
  }))
  await deliver.append([event('a'), event('b')])
  broken = true
  const answers = await Promise.allSettled([
    deliver.append([event('new')]),
    deliver.append([event('a'), event('b'), event('a')]),
    deliver.append([event('new')]),
    deliver.append([event('b'), event('newer')]),
  ])
  expect(batches.length).toBe(1)
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'rejected'])
  expect(answers[1]).toMatchObject({ value: ['duplicate', 'duplicate', 'duplicate'] })
  expect(await deliver.close()).toEqual({ undelivered: 4 })
})

test('a full queue refuses with Retry-After and loses nothing that it took', async () => {
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const { deliver, kinds } = setup({ maxWaiting: 5, maxBatchRows: 1, flushRows: 1 }, (store) => ({
    async insert(batch) {
      await gate
      await store.insert(batch)
    },
  }))
  const taken = Array.from({ length: 6 }, (_, n) => deliver.append([event(String(n))]))
  await expect(deliver.append([event('one too many')])).rejects.toMatchObject({
    code: 'overloaded',
    retryAfter: 1,
  })
  release()
  expect((await Promise.all(taken)).flat()).toEqual(Array(6).fill('stored'))
  expect(kinds).toEqual(['events_not_stored'])
})

test('ids made here are not looked up', async () => {
  let lookups = 0
  const { deliver } = setup({}, (store) => ({
    async known(keys) {
      lookups += keys.length
      return await store.known(keys)
    },
  }))
  await deliver.append([{ ...event('made'), fresh: true }, event('sent')])
  expect(lookups).toBe(1)
})

/** Batches, by their ids, and answers, of requests that come while `a` is inserted and `b` waits looked up behind it. */
async function behindAnInsert(requests: { event: StoredEvent; fresh: boolean }[][]): Promise<{
  batches: string[]
  answers: Delivery[]
}> {
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { deliver, batches } = setup({ maxBatchRows: 4 }, (store) => ({
    async insert(batch) {
      await store.insert(batch)
      if (batches.length === 1) await held
    },
  }))
  const taken: Promise<Delivery[]>[] = []
  for (const events of [[event('a')], [event('b')]]) {
    taken.push(deliver.append(events))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  taken.push(...requests.map(async (events) => await deliver.append(events)))
  release()
  return {
    answers: (await Promise.all(taken.slice(2))).flat(),
    batches: batches.map(({ events }) => events.map(({ event_id }) => event_id).join('')),
  }
}

const made = (id: string): { event: StoredEvent; fresh: boolean } => ({ ...event(id), fresh: true })

test('what comes while an insert is under way and was made here is in the next one, as far as it goes', async () => {
  const { batches } = await behindAnInsert([[made('c')], [made('d'), made('e')], [made('f')]])
  expect(batches).toEqual(['a', 'bcde', 'f'])
})

test('what comes while an insert is under way and is to be looked up waits for that, and what is behind it', async () => {
  const { batches, answers } = await behindAnInsert([[made('c')], [event('a')], [made('d')]])
  expect(batches).toEqual(['a', 'bc', 'd'])
  expect(answers).toEqual(['stored', 'duplicate', 'stored'])
})

const keysOf = (...ids: string[]): EventKey[] =>
  ids.map((event_id) => ({ project_id: TEST_PROJECT, event_id }))

test('ids looked up ahead are not asked for again, others of the request are', async () => {
  const asked: string[] = []
  const { deliver } = setup({ flushRows: 2 }, (store) => ({
    async known(keys) {
      asked.push(keys.map(({ event_id }) => event_id).join())
      return await store.known(keys)
    },
  }))
  await deliver.append([event('b'), event('x')])
  asked.length = 0
  // The insert has been answered just before it is over.
  await new Promise((resolve) => setTimeout(resolve))
  const ahead = deliver.lookAhead(keysOf('a', 'b'))
  expect(asked).toEqual(['a,b'])
  // What does not flush at once, or comes while another lookup is under way, waits for its group.
  expect(deliver.lookAhead(keysOf('c', 'd'))).toBeUndefined()
  expect(await deliver.append([event('a'), event('b'), event('changed')], ahead)).toEqual([
    'stored',
    'duplicate',
    'stored',
  ])
  expect(asked).toEqual(['a,b', 'changed'])
  await new Promise((resolve) => setTimeout(resolve))
  expect(deliver.lookAhead(keysOf('c'))).toBeUndefined()
  expect(deliver.lookAhead(keysOf('c', 'd'))).toBeDefined()
})

test('what is stored between a look ahead and its request is known', async () => {
  const { deliver } = setup({ flushRows: 2 })
  const ahead = deliver.lookAhead(keysOf('a', 'b'))
  expect(await deliver.append([event('a'), event('c')])).toEqual(['stored', 'stored'])
  expect(await deliver.append([event('a'), event('b')], ahead)).toEqual(['duplicate', 'stored'])
})

test('after an insert of unknown outcome a look ahead is asked again', async () => {
  let broken = true
  const { deliver } = setup({ flushRows: 2, retryDelaysMs: [] }, (store) => ({
    async insert(batch) {
      await store.insert(batch)
      if (broken) throw away()
    },
  }))
  const ahead = deliver.lookAhead(keysOf('a', 'b'))
  await expect(deliver.append([event('a'), event('c')])).rejects.toMatchObject({
    code: 'storage_unavailable',
  })
  broken = false
  expect(await deliver.append([event('a'), event('b')], ahead)).toEqual(['duplicate', 'stored'])
})

test('any history of appends, failures and repeats: accepted = stored, each once', async () => {
  const request = fc.record({
    ids: fc.array(fc.nat(30), { minLength: 1, maxLength: 8 }),
    pause: fc.nat(2),
    // Ids of its own, made here.
    fresh: fc.boolean(),
    // How long after a look ahead the request comes; null = none.
    ahead: fc.option(fc.nat(4)),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { maxLength: 20 }),
      fc.array(fc.nat(3), { maxLength: 40 }),
      async (requests, faults) => {
        let at = 0
        const memory = memoryEvents()
        const deliver = createDeliver({
          // 0 and 3: fine; 1: fails before the rows are stored; 2: stores them and loses the answer.
          store: {
            ...memory,
            async insert(batch) {
              const fault = faults[at++]
              if (fault === 1) throw away()
              await memory.insert(batch)
              if (fault === 2) throw away()
            },
          },
          options: { ...OPTIONS, maxBatchRows: 5, flushRows: 2, flushIntervalMs: 0, retryDelaysMs: [0] },
          clock: Date.now,
          onDiagnostic: () => {},
        })
        const stored: string[] = []
        const accepted = new Set<string>()
        const asked = new Set<string>()
        await Promise.all(
          requests.map(async ({ ids: numbers, pause, fresh, ahead }, request) => {
            const ids = fresh ? numbers.map((_, n) => `made-${request}-${n}`) : numbers.map(String)
            for (let n = 0; n < pause; n++) await Promise.resolve()
            for (const id of ids) asked.add(id)
            const lookup = ahead === null ? undefined : deliver.lookAhead(keysOf(...ids))
            for (let n = 0; n < (ahead ?? 0); n++) await new Promise((resolve) => setTimeout(resolve))
            const statuses = await deliver
              .append(
                ids.map((id) => ({ ...event(id), fresh })),
                lookup,
              )
              .catch(() => [])
            lookup?.end()
            for (const [n, status] of statuses.entries()) {
              const id = ids[n] ?? ''
              accepted.add(id)
              if (status === 'stored') stored.push(id)
            }
          }),
        )
        expect(new Set(stored).size).toBe(stored.length)
        const keys = [...asked].map((event_id) => ({ project_id: TEST_PROJECT, event_id }))
        const known = await memory.known(keys)
        for (const id of accepted) expect(known.has(`${TEST_PROJECT}/${id}`)).toBe(true)
      },
    ),
    { numRuns: 150 },
  )
})
