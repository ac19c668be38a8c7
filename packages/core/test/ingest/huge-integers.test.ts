import { createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const NUMBERS = [2 ** 63, 2 ** 64, -(2 ** 64), 123_456_789_012_345_680_000, 1e21, 0.0000012345678901234567]
const DIGITS = '18446744073709551616 "18446744073709551616\\'

// In digits, an integer of more than 64 bits made everything else of its event unreadable in ClickHouse.
test.each([
  ['memory', memoryEvents],
  ['chdb', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase() })],
])('numbers of any size hide nothing of their event: %s', async (_, open) => {
  const analytics = createAnalytics({ events: open(), keys: memoryKeys() })
  await analytics.projects.create({ slug: 'p' })
  for (const n of NUMBERS) {
    const properties = { n, plan: 'pro', digits: DIGITS, nested: [{ n }] }
    expect(await analytics.track({ event: 'e', anonymous_id: 'a', properties })).toMatchObject({ ok: true })
  }
  const { rows } = await analytics.query({ range: 'today' })
  const kept = rows.map(({ properties }) => JSON.parse(properties))
  expect(kept.map(({ n }) => n).sort()).toEqual([...NUMBERS].sort())
  expect(kept.every(({ digits, nested, n }) => digits === DIGITS && nested[0].n === n)).toBe(true)
  const answer = await analytics.stats({
    range: 'today',
    metrics: ['count', 'max(properties.n)', 'min(properties.n)'],
    group_by: ['properties.plan', 'properties.digits'],
  })
  expect(answer.rows).toEqual([
    {
      'properties.plan': 'pro',
      'properties.digits': DIGITS,
      count: NUMBERS.length,
      'max(properties.n)': 1e21,
      'min(properties.n)': -(2 ** 64),
    },
  ])
  await analytics.close()
})
