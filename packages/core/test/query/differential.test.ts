import type { QueryPlan, StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents } from '@millimetric/core/memory'
import { storedEvent, TEST_NOON } from '@millimetric/core/testing'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const DAY = 86_400_000

const text = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values)

function history(projectId: string): fc.Arbitrary<StoredEvent[]> {
  const event = fc.record({
    id: fc.nat(60),
    offset: fc.integer({ min: -3 * DAY, max: 3 * DAY }),
    late: fc.nat(1000),
    seq: fc.nat(3),
    anonymous_id: text('', 'a', 'b', 'c', '42'),
    user_id: text('', '42', 'u'),
    event_name: text('$pageview', 'signup', 'é'),
    source: text('google', 'facebook', 'direct', "o'hara"),
    medium: text('paid', 'organic', 'direct'),
    path: text('/', '/a', '/ü'),
    is_bot: fc.boolean(),
  })
  return fc.uniqueArray(event, { selector: ({ id }) => id, maxLength: 40 }).map((list) =>
    list.map(({ id, offset, late, ...fields }) =>
      storedEvent({
        ...fields,
        project_id: projectId,
        event_id: `e${id}`,
        timestamp: TEST_NOON + offset,
        received_at: TEST_NOON + offset + late,
      }),
    ),
  )
}

function question(projectId: string): fc.Arbitrary<QueryPlan> {
  const filter = fc.oneof(
    fc.record({
      field: fc.constant('source' as const),
      op: fc.constant('is' as const),
      values: fc.array(text('google', "o'hara"), { minLength: 1 }),
    }),
    fc.record({
      field: fc.constant('user_id' as const),
      op: fc.constant('is' as const),
      values: fc.constant(['42']),
    }),
    fc.record({
      field: fc.constant('path' as const),
      op: fc.constant('is' as const),
      values: fc.constant(['/ü']),
    }),
  )
  const scope = {
    project_id: fc.constant(projectId),
    from: fc.integer({ min: TEST_NOON - 4 * DAY, max: TEST_NOON }),
    to: fc.integer({ min: TEST_NOON, max: TEST_NOON + 4 * DAY }),
    filters: fc.array(filter, { maxLength: 2 }),
    include_bots: fc.boolean(),
    limit: fc.integer({ min: 1, max: 8 }),
  }
  const buckets = fc.option(
    fc
      .uniqueArray(fc.integer({ min: TEST_NOON - 4 * DAY, max: TEST_NOON + 4 * DAY }), {
        minLength: 1,
        maxLength: 6,
      })
      .map((starts) => [TEST_NOON - 5 * DAY, ...starts.toSorted((a, b) => a - b)]),
  )
  return fc.oneof(
    fc.record({ kind: fc.constant('events' as const), ...scope }),
    fc.record({
      kind: fc.constant('stats' as const),
      ...scope,
      metric: fc.constantFrom('count' as const, 'uniques' as const),
      group_by: fc.uniqueArray(fc.constantFrom('source' as const, 'event_name' as const, 'path' as const), {
        maxLength: 3,
      }),
      buckets,
    }),
    fc.record({
      kind: fc.constant('sources' as const),
      ...scope,
      breakdown: fc.constantFrom('source' as const, 'source_medium' as const),
    }),
  )
}

test('ClickHouse answers what the memory reference answers, on random histories', async () => {
  const memory = memoryEvents()
  const chdb = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
  let projects = 0
  let asked = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constant(null).chain(() => {
        projects += 1
        const id = `00000000-0000-4000-8000-${String(projects).padStart(12, '0')}`
        return fc.tuple(history(id), fc.array(question(id), { minLength: 4, maxLength: 4 }))
      }),
      async ([events, plans]) => {
        // Sent as two overlapping batches, the first one twice: a store must not care.
        const half = Math.ceil(events.length / 2)
        const first = { token: `d-${projects}-1`, events: events.slice(0, half) }
        const second = { token: `d-${projects}-2`, events: events.slice(half) }
        for (const store of [memory, chdb]) {
          for (const batch of [first, second, first]) await store.insert(batch)
        }
        for (const plan of plans) {
          asked += 1
          expect(await chdb.query(plan as never)).toEqual(await memory.query(plan as never))
        }
      },
    ),
    { numRuns: 60, endOnFailure: true },
  )
  expect(asked).toBeGreaterThan(200)
  await chdb.close()
})
