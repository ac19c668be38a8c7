import type { Comparison } from '@millimetric/schema/wire'
import { DAY_MS } from '../time.js'
import { shift, startOf } from './calendar.js'
import { instantOf, offsetAt } from './zone.js'

/**
 * The range to compare with, half-open. `previous_period` is the same length just before: as many months for whole
 * months, as many days (of 23 to 25 hours) for whole days of the zone, else as many milliseconds. `previous_year` has the same
 * wall clock a year earlier; 29 February becomes 1 March.
 */
export function comparedRange(
  { from, to }: { from: number; to: number },
  comparison: Comparison,
  zone: string,
): { from: number; to: number } {
  if (comparison === 'previous_year') return { from: yearBefore(from, zone), to: yearBefore(to, zone) }
  const whole = (unit: 'day' | 'month'): boolean =>
    startOf(unit, from, zone) === from && startOf(unit, to, zone) === to
  if (whole('month')) return { from: shift('month', from, -units('month', from, to, zone), zone), to: from }
  if (whole('day')) return { from: shift('day', from, -units('day', from, to, zone), zone), to: from }
  return { from: from - (to - from), to: from }
}

function units(unit: 'day' | 'month', from: number, to: number, zone: string): number {
  const wall = (ms: number): Date => new Date(ms + offsetAt(ms, zone))
  const [start, end] = [wall(from), wall(to)]
  if (unit === 'day') return Math.round((end.getTime() - start.getTime()) / DAY_MS)
  return (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth()
}

function yearBefore(ms: number, zone: string): number {
  const wall = new Date(ms + offsetAt(ms, zone))
  wall.setUTCFullYear(wall.getUTCFullYear() - 1)
  return instantOf(wall.getTime(), zone)
}
