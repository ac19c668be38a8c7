import type { Binder } from './binder.js'

/** A moment in seconds that no event has: they lie from 1970 on, and before 2106. */
const NO_SECOND = 4_294_967_294

/** Periods as a statement tells them apart: by place, in the order of their starts. */
export interface Periods {
  readonly count: number
  /** Place of the period that a moment lies in, given as UInt32 seconds. */
  placeOf(seconds: string): string
}

/** `starts` are ascending, in milliseconds, whole seconds. */
export function periodsFrom(starts: readonly number[], binder: Binder): Periods {
  const keys = starts.map((start) => Math.min(Math.max(start / 1000, 0), NO_SECOND))
  const bounds = binder.bind('Array(UInt32)', keys)
  const rule = evenly(keys)
  const start = (seconds: string): string => `roundDown(${seconds}, ${bounds})`
  if (rule !== undefined) {
    const [shift, width] = [binder.bind('Int64', rule.shift), binder.bind('Int64', rule.width)]
    return { count: keys.length, placeOf: (seconds) => `intDiv(${start(seconds)} + ${shift}, ${width})` }
  }
  const places = binder.bind(
    'Array(Int64)',
    keys.map((_, place) => place),
  )
  return {
    count: keys.length,
    placeOf: (seconds) => `transform(${start(seconds)}, ${bounds}, ${places}, toInt64(-1))`,
  }
}

/**
 * How the place of a start follows from the start itself, when it does: days, weeks and months lie so evenly that changes
 * of the clock and lengths of months are less than half a period. That takes half the time of looking it up.
 */
function evenly(keys: readonly number[]): { shift: number; width: number } | undefined {
  const [first = 0, last = 0] = [keys[0], keys.at(-1)]
  const width = Math.max(Math.round((last - first) / Math.max(keys.length - 1, 1)), 1)
  const shift = Math.floor(width / 2) - first
  return keys.every((key, place) => Math.floor((key + shift) / width) === place)
    ? { shift, width }
    : undefined
}
