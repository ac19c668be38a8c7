import { randomBytes, randomUUID } from 'node:crypto'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { expect, test } from 'vitest'
import { stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { createRandom } from './random.js'

const SIZES = [20_000, 50_000] as const
const BATCH = 5000

// One visitor a millisecond, so that every window of n milliseconds is a set of exactly n random ids: a hundred sets.
// The long run takes fresh ids for each set, a hundred of each size; the short one takes windows of one pool.
const long = process.env.ORACLE_LONG === '1'
const pools = long ? 100 : 1
const windows = long ? 1 : 50
const POOL = long ? 50_000 : 80_000

test(
  'distinct visitors are exact at 20,000 and 50,000, and within 1 % above',
  async () => {
    const store = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
    const random = createRandom(randomBytes(4).readUInt32LE())
    for (let pool = 0; pool < pools; pool++) {
      const start = TEST_NOON + pool * POOL
      for (let at = 0; at < POOL; at += BATCH) {
        const events = Array.from({ length: BATCH }, (_, n) => {
          const anonymous_id = randomUUID()
          return storedEvent({ event_id: anonymous_id, anonymous_id, timestamp: start + at + n })
        })
        await store.insert({ token: randomUUID(), events })
      }
      for (let window = 0; window < windows; window++) {
        for (const size of SIZES) {
          const from = start + random.int(0, POOL - size)
          const range = { project_id: TEST_PROJECT, from, to: from + size }
          for (const metric of window % 10 === 0
            ? (['uniques', 'people'] as const)
            : (['uniques'] as const)) {
            const { rows, estimated } = await store.query<'stats'>(stats({ ...range, metric }))
            expect([metric, estimated, rows[0]?.values[0]]).toEqual([metric, false, size])
          }
        }
      }
    }
    const all = pools * POOL
    const range = { project_id: TEST_PROJECT, from: TEST_NOON, to: TEST_NOON + all }
    const { rows, estimated } = await store.query<'stats'>(stats({ ...range, metric: 'uniques' }))
    const off = Math.abs((rows[0]?.values[0] ?? 0) - all)
    expect(off).toBeLessThanOrEqual(estimated ? all / 100 : 0)
    await store.close()
  },
  180_000 + 10_000 * pools,
)
