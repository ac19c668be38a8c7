import { createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { expect, it } from 'vitest'

const TRIES = 20_000
const WARM = 2_000
// A busy machine may spoil one round, never all of them.
const ROUNDS = 3

it('an unknown prefix and a wrong secret are refused in the same time', async () => {
  const analytics = createAnalytics({ events: memoryEvents(), keys: memoryKeys(), onDiagnostic: () => {} })
  const { keys } = await analytics.projects.create({ slug: 'p' })
  const asking = (key: string): Request =>
    new Request('http://x/v1/stats', { headers: { authorization: `Bearer ${key}` } })
  const unknown = asking(`sk_live_00000000_${'A'.repeat(43)}`)
  const wrong = asking(`${keys.sk.slice(0, -43)}${'A'.repeat(43)}`)

  async function timeOf(request: Request): Promise<number> {
    const started = performance.now()
    const { status } = await analytics.handler(request)
    const time = performance.now() - started
    if (status !== 401) throw new Error(`A bad key was answered ${status}.`)
    return time
  }

  const rounds: { t: number; apart: number }[] = []
  while (rounds.length < ROUNDS && !rounds.some(({ t, apart }) => Math.abs(t) < 4.5 || apart < 0.05)) {
    const [one, two]: [number[], number[]] = [[], []]
    for (let i = -WARM; i < TRIES; i++) {
      // In turns, and each first as often as the other.
      const [first, second] = i % 2 === 0 ? [unknown, wrong] : [wrong, unknown]
      const [a, b] = [await timeOf(first), await timeOf(second)]
      if (i < 0) continue
      one.push(first === unknown ? a : b)
      two.push(first === unknown ? b : a)
    }
    rounds.push({ t: welch(one, two), apart: Math.abs(median(one) / median(two) - 1) })
  }
  expect(rounds.map(({ t, apart }) => Math.abs(t) < 4.5 || apart < 0.05)).toContain(true)
  await analytics.close()
})

function welch(one: readonly number[], two: readonly number[]): number {
  const [a, b] = [spread(one), spread(two)]
  return (a.mean - b.mean) / Math.sqrt(a.variance / one.length + b.variance / two.length)
}

function spread(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, variance: squares / (values.length - 1) }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
