import type { Analytics } from '../../packages/core/src/api.js'
import { figure } from '../measure/figures.js'
import { median, percentile } from '../measure/race.js'

const TRIES = 20_000
const WARM = 4_000

/** Whether the time of a refusal says that a prefix exists. */
export async function measureRefusals(analytics: Analytics): Promise<void> {
  const { keys } = await analytics.projects.create({ slug: 'probed' })
  const unknown = { key: `sk_live_00000000_${'A'.repeat(43)}`, times: [] as number[] }
  const wrong = { key: `${keys.sk.slice(0, -43)}${'A'.repeat(43)}`, times: [] as number[] }
  for (let i = 0; i < WARM + TRIES; i++) {
    // In turns, and each first as often as the other.
    for (const { key, times } of i % 2 === 0 ? [unknown, wrong] : [wrong, unknown]) {
      const request = new Request('http://host.test/v1/stats', {
        headers: { authorization: `Bearer ${key}` },
      })
      const started = performance.now()
      const { status } = await analytics.handler(request)
      if (status !== 401) throw new Error(`A bad key was answered ${status}.`)
      if (i >= WARM) times.push((performance.now() - started) * 1000)
    }
  }
  const [a, b] = [median(unknown.times), median(wrong.times)]
  console.log(
    `      refused, ${TRIES} each in turns: unknown prefix ${a.toFixed(2)} µs, wrong secret ${b.toFixed(2)} µs; ` +
      `p90 ${percentile(unknown.times, 90).toFixed(2)} and ${percentile(wrong.times, 90).toFixed(2)} µs`,
  )
  figure(
    'unknown prefix and wrong secret, difference of the medians',
    (Math.abs(a - b) / Math.max(a, b)) * 100,
    { atMost: 5 },
    ' %',
  )
}
