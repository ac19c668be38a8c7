import { memoryRateLimits } from '../../packages/core/src/stores/memory/memory-rate-limits.js'
import { figure } from '../measure/figures.js'

/** Allowed share of what a limit allows, in this process. */
export function measureLimits(): void {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0]
  for (const rate of [10, 100, 1_000, 10_000]) {
    for (const load of [0.9, 1, 1.2, 1.5, 2]) {
      const store = memoryRateLimits()
      const [burst, seconds, now] = [rate, 30, Date.now()]
      const asked = Math.floor(rate * load * seconds)
      let allowed = 0
      for (let i = 0; i < asked; i++) {
        const taken = store.take('bucket', { rate, burst }, now + (i * 1000) / (rate * load))
        if (!(taken instanceof Promise) && taken.allowed) allowed++
      }
      const share = allowed / Math.min(asked, burst + rate * seconds)
      lowest = Math.min(lowest, share)
      highest = Math.max(highest, share)
    }
  }
  const over = '10–10,000/s at loads 0.9–2'
  figure(`least that a limit allows of what it should, ${over}`, lowest * 100, { atLeast: 95 }, ' %')
  figure(`most that a limit allows of what it should, ${over}`, highest * 100, { atMost: 110 }, ' %')
}
