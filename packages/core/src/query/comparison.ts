import type { Comparison } from '@millimetric/schema/wire'
import { DAY_MS } from '../time.js'
import { shift, startOf } from './calendar.js'
import { instantOf, offsetAt } from './zone.js'

/**
 * The range to compare with, half-open. `previous_period` is the same length just before: as many months for whole
 * months, as many days (of 23 to 25 hours) for whole days of the zone, else as many milliseconds. `previous_year` has the same
 * wall clock a year earlier; what begins on 29 February is compared with 28 February, what began before and ends on it ends
 * on 1 March. It is empty where the clock skipped all of it.
 */
export function comparedRange(
  { from, to }: { from: number; to: number },
  comparison: Comparison,
  zone: string,
): { from: number; to: number } {
  if (comparison === 'previous_year') {
    const back = isLeapDay(from, zone) ? 'before' : 'after'
    return { from: yearBefore(from, zone, back), to: yearBefore(to, zone, back) }
  }
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

function isLeapDay(ms: number, zone: string): boolean {
  const wall = new Date(ms + offsetAt(ms, zone))
  return wall.getUTCMonth() === 1 && wall.getUTCDate() === 29
}

/** 29 February becomes the day before or after it. */
function yearBefore(ms: number, zone: string, leapDay: 'before' | 'after'): number {
  const wall = new Date(ms + offsetAt(ms, zone) - (leapDay === 'before' && isLeapDay(ms, zone) ? DAY_MS : 0))
  wall.setUTCFullYear(wall.getUTCFullYear() - 1)
  return instantOf(wall.getTime(), zone)
}
