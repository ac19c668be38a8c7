import type { Random } from './random.js'

export const HOUR = 3_600_000
export const SEED_DAYS = 30

/** Visits of one person are at least this far apart, so each is a session of its own whatever the date. */
export const REST = 6 * HOUR

const WEEKDAYS = [0.66, 1.08, 1.15, 1.13, 1.06, 0.92, 0.58]
const HOURS = [
  0.28, 0.2, 0.16, 0.15, 0.2, 0.34, 0.58, 0.86, 1.12, 1.3, 1.36, 1.32, 1.2, 1.3, 1.4, 1.42, 1.36, 1.28, 1.2,
  1.18, 1.1, 0.92, 0.66, 0.42,
]

/** Turns a person's number of visits into times between `end` − 30 days and `end` − 1 hour, sorted. */
export type Schedule = (r: Random, visits: number) => number[]

/**
 * Traffic follows the day and the week and grows by a fifth over the month. The number of visits is given,
 * only their times depend on the date.
 */
export function schedule(end: number): Schedule {
  const slots = SEED_DAYS * 24 - 1
  const start = end - SEED_DAYS * 24 * HOUR
  const cumulative = new Float64Array(slots)
  let total = 0
  for (let slot = 0; slot < slots; slot += 1) {
    const at = new Date(start + slot * HOUR)
    const growth = 1 + (0.2 * slot) / slots
    total += (WEEKDAYS[at.getUTCDay()] ?? 1) * (HOURS[at.getUTCHours()] ?? 1) * growth
    cumulative[slot] = total
  }
  const last = end - HOUR - 1

  return (r, visits) => {
    const times = Array.from({ length: visits }, () => {
      const slot = slotOf(cumulative, r.next() * total)
      return start + slot * HOUR + r.between(0, HOUR - 1)
    }).sort((a, b) => a - b)
    return spread(times, last)
  }
}

function slotOf(cumulative: Float64Array, target: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulative[middle] ?? 0) > target) high = middle
    else low = middle + 1
  }
  return low
}

/** Pushes later visits back until all rest long enough, then the last ones forward again to stay in the month. */
function spread(times: number[], last: number): number[] {
  for (let i = 1; i < times.length; i += 1) times[i] = Math.max(times[i] ?? 0, (times[i - 1] ?? 0) + REST)
  let limit = last
  for (let i = times.length - 1; i >= 0; i -= 1) {
    times[i] = Math.min(times[i] ?? 0, limit)
    limit = (times[i] ?? 0) - REST
  }
  return times
}
