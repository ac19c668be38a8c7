import { scaleLinear } from '@visx/scale'
import type { Headline } from './view'

/** Ascending places of the lines of an axis from 0, round in the unit of the metric; the last is its end. */
export function axisOf(metric: Headline, largest: number): number[] {
  if (metric === 'session_duration') return minutes(largest)
  const rate = metric === 'bounce_rate' || metric === 'conversion_rate'
  const top = Math.max(largest, rate ? 0.01 : 4)
  const scale = scaleLinear({ domain: [0, top], nice: 4 })
  // No share is above the whole.
  return scale.ticks(4).filter((tick) => !rate || tick <= 1)
}

/** At most five lines, whole minutes apart. */
function minutes(seconds: number): number[] {
  const step = Math.max(Math.ceil(seconds / 60 / 4), 1) * 60
  const lines = Math.max(Math.ceil(seconds / step), 1)
  return Array.from({ length: lines + 1 }, (_, index) => index * step)
}
