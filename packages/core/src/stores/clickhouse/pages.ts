import type { EventRow } from '@millimetric/schema/wire'
import type { EventMoment } from '../../ports/query-plan.js'

/**
 * A row with its place in time: epoch milliseconds of `timestamp` and `received_at`, and `seq`; and how many rows its page had when
 * the engine looked how far it reaches, where it did.
 */
export type Placed<Row> = Row & { readonly moment: readonly [number, number, number, reached?: number] }

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Place of the last row, when one more was found than the page holds. */
  readonly next: EventMoment | null
}

export function pageOf<Row extends Pick<EventRow, 'event_id'>>(
  found: readonly Placed<Row>[],
  limit: number,
): Page<Omit<Placed<Row>, 'moment'>> {
  const rows = found.slice(0, limit).map(({ moment: _, ...row }) => row)
  const last = found.length > limit ? found[limit - 1] : undefined
  if (last === undefined) return { rows, next: null }
  const [timestamp, received_at, seq] = last.moment
  return { rows, next: { timestamp, received_at, seq, event_id: last.event_id } }
}
