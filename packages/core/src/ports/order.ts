import type { EventMoment } from './query-plan.js'

/** Order of UTF-8 bytes, which is that of code points and not of JavaScript's `<`: databases sort so. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const order = (a.codePointAt(at) ?? 0) - (b.codePointAt(at) ?? 0)
    if (order !== 0) return order
  }
  return a.length - b.length
}

export function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, value] of a.entries()) {
    const order = compareText(value, b[index] ?? '')
    if (order !== 0) return order
  }
  return 0
}

/** What "first" and "last" mean among events. */
export function compareMoments(a: EventMoment, b: EventMoment): number {
  return (
    a.timestamp - b.timestamp ||
    a.received_at - b.received_at ||
    a.seq - b.seq ||
    compareText(a.event_id, b.event_id)
  )
}
