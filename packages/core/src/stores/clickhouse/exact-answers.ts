import { AnalyticsError } from '../../errors.js'
import type { CallOptions, Day } from '../../ports/event-store.js'
import type { QueryPlan } from '../../ports/query-plan.js'
import type { StatsPlan } from '../../ports/stats-plan.js'
import type { Read } from './reader.js'
import { twinsStatement } from './sql/reading.js'
import { type FreshDay, freshDaysStatement, type RolledDays, remainder, rollupDays } from './sql/rollup.js'

/** How the rows of a plan are to be read. */
export interface Manner {
  /** Later rows of twins must be left out. */
  readonly distinct: boolean
  /** What of it a rollup answers. */
  readonly rolled: RolledDays | null
}

/** A day of whose rollup the events have not changed since it was built. */
type Fresh = Omit<FreshDay, 'end'> & { readonly rows: number }

interface Seen {
  readonly writes: number
  readonly twins: Map<string, Twins>
  readonly fresh: Map<string, readonly Fresh[]>
}

interface Twins {
  readonly twins: number
  /** Rows that sweeps have removed. */
  readonly removed: number
}

/** What the bookkeeping says of a project. */
interface Look extends Twins {
  readonly fresh: readonly Fresh[]
}

const MOST_GAPS = 20
/** Ranges of days that are remembered. */
const MOST_RANGES = 200
const TRIES = 4

/**
 * Answers a plan so that the answer is true however events change meanwhile. ClickHouse has no snapshot over tables, so
 * the bookkeeping is looked at when the answer is there: when no id had a second row, no sweep had taken one away since
 * the look before, and the days of the rollup were still those, nothing that was read can have been wrong. Else it is
 * answered again, from events; a question under which they change every time is refused, rather than answered wrongly.
 * Costs what a look beforehand would, and nothing where it is known that nobody has written since the last one.
 */
export function createExactAnswers(
  read: Read,
  database: string,
  rollupFromRows: number,
  countWrites: () => Promise<number | undefined>,
): <T>(plan: QueryPlan, options: CallOptions | undefined, answer: (how: Manner) => Promise<T>) => Promise<T> {
  /** Of the last look at any project: rows that sweeps had removed, and until when they had swept. */
  let last: { readonly removed: number; readonly since: string } | undefined
  /** What was seen since the last write: of projects, and of their days. */
  let seen: Seen | undefined

  async function twinsOf(plan: QueryPlan, options?: CallOptions): Promise<Twins> {
    type Row = { readonly twins: number; readonly swept: readonly [number, string] }
    const [found] = await read<Row>(twinsStatement(database, plan.project_id, last?.since), options)
    const { twins, swept } = found ?? { twins: 0, swept: [0, ''] }
    const [removed, since] = swept
    if (found !== undefined && removed >= (last?.removed ?? 0)) last = { removed, since }
    return { twins, removed }
  }

  async function seenNow(): Promise<Seen | undefined> {
    const writes = await countWrites()
    if (writes === undefined) return undefined
    // What a look finds that a write overtakes is noted where nobody looks any more: writes only grow.
    if (seen?.writes !== writes) seen = { writes, twins: new Map(), fresh: new Map() }
    return seen
  }

  async function freshOf(
    plan: QueryPlan,
    days: readonly Day[],
    options: CallOptions | undefined,
    now?: Seen,
  ): Promise<readonly Fresh[]> {
    if (days.length === 0) return []
    const range = JSON.stringify([plan.project_id, days.map(({ start, end }) => [start, end])])
    const found =
      now?.fresh.get(range) ??
      (await read<Fresh>(freshDaysStatement(database, plan.project_id, days), options))
    if (now !== undefined && now.fresh.size < MOST_RANGES) now.fresh.set(range, found)
    return found
  }

  async function look(
    plan: QueryPlan,
    days: readonly Day[],
    options: CallOptions | undefined,
    twins: Promise<Twins> | Twins,
    now?: Seen,
  ): Promise<Look> {
    const [found, fresh] = await Promise.all([twins, freshOf(plan, days, options, now)])
    return { ...found, fresh }
  }

  function rolledDays(plan: StatsPlan, days: readonly Day[], { twins, fresh }: Look): RolledDays | null {
    if (twins > 0 || fresh.length === 0) return null
    if (fresh.reduce((sum, { rows }) => sum + rows, 0) < rollupFromRows) return null
    const ends = new Map(days.map(({ start, end }) => [start, end]))
    const whole = fresh.map(({ start, generation }) => ({ start, end: ends.get(start) ?? start, generation }))
    const gaps = remainder(plan, whole)
    return gaps.length > MOST_GAPS ? null : { fresh: whole, gaps }
  }

  return async (plan, options, answer) => {
    const days = plan.kind === 'stats' ? rollupDays(plan) : []
    const now = await seenNow()
    const known = now?.twins.get(plan.project_id)
    const assumed = last === undefined ? twinsOf(plan, options) : { twins: 0, removed: last.removed }
    let before = await look(plan, days, options, known ?? assumed, now)
    let changed = false
    for (let tries = 1; ; tries++) {
      const rolled: RolledDays | null =
        plan.kind === 'stats' && !changed ? rolledDays(plan, days, before) : null
      const distinct = before.twins > 0
      const result = await answer({ distinct, rolled })
      if (known !== undefined && now?.writes === (await countWrites())) return result
      const after = await look(plan, rolled === null ? [] : days, options, twinsOf(plan, options))
      now?.twins.set(plan.project_id, { twins: after.twins, removed: after.removed })
      changed = rolled !== null && JSON.stringify(after.fresh) !== JSON.stringify(before.fresh)
      const same = !changed && after.removed <= before.removed && (distinct || after.twins === 0)
      if (same) return result
      if (tries === TRIES) throw restless()
      before = after
    }
  }
}

function restless(): AnalyticsError {
  return new AnalyticsError('storage_unavailable', 'The events changed while they were counted; ask again.', {
    retryAfter: 1,
  })
}
