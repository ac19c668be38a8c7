import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPrefixMisses } from '../../src/auth/prefix-misses.js'

const NOW = 1_778_958_000_000
const TTL = 60_000
const prefix = (n: number): string => (n >>> 0).toString(16).padStart(8, '0')

it('are bounded: of a million the latest sixteen thousand or so are known, and the memory does not grow', () => {
  const misses = createPrefixMisses(TTL)
  misses.add(prefix(0), NOW)
  const before = process.memoryUsage().arrayBuffers
  for (let i = 1; i <= 1_000_000; i++) misses.add(prefix(i), NOW + i / 1_000)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6)
  let known = 0
  for (let i = 0; i <= 1_000_000; i++) if (misses.has(prefix(i), NOW + 1_000)) known++
  expect(known).toBeLessThanOrEqual(16_384)
  let late = 0
  for (let i = 990_001; i <= 1_000_000; i++) if (misses.has(prefix(i), NOW + 1_000)) late++
  expect(late / 10_000).toBeGreaterThan(0.9)
})

it.each([prefix(0), prefix(1), 'ffffffff', '80000000', 'deadbeef'])(
  '%s is known for its time only',
  (key) => {
    const misses = createPrefixMisses(TTL)
    expect(misses.has(key, NOW)).toBe(false)
    misses.delete(key)
    misses.add(key, NOW)
    expect(misses.has(key, NOW)).toBe(true)
    expect(misses.has(key, NOW + TTL - 1)).toBe(true)
    expect(misses.has(key, NOW + TTL)).toBe(false)
    // A clock that was set back.
    expect(misses.has(key, NOW - 1)).toBe(false)
    misses.delete(key)
    expect(misses.has(key, NOW)).toBe(false)
    misses.add(key, NOW)
    misses.clear()
    expect(misses.has(key, NOW)).toBe(false)
  },
)

it('never says of a key that it is missing when it is not', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 40 }).map((n) => prefix(n * 0x0600_0000)),
    what: fc.constantFrom('add', 'delete', 'has'),
    after: fc.integer({ min: 0, max: 20_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const misses = createPrefixMisses(TTL)
      const added = new Map<string, number>()
      let now = NOW
      for (const { key, what, after } of steps) {
        now += after
        if (what === 'add') {
          misses.add(key, now)
          added.set(key, now)
        } else if (what === 'delete') {
          misses.delete(key)
          added.delete(key)
        } else if (misses.has(key, now)) {
          expect(now - (added.get(key) ?? Number.NEGATIVE_INFINITY)).toBeLessThan(TTL)
        }
      }
    }),
    { seed: 7 },
  )
})
