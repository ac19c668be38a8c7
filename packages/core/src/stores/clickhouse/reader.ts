import { randomUuid } from '#crypto'
import type { CallOptions } from '../../ports/event-store.js'
import type { QueryPlan, ResultFacts } from '../../ports/query-plan.js'
import { type ClickhouseClient, type Connections, type Settings, settingsClause } from './client.js'
import { queryError } from './errors.js'
import { createKill } from './kill.js'
import type { Statement } from './sql/binder.js'
import type { Reading } from './sql/reading.js'

/** Bounds of one read. What goes over fails with `query_too_expensive`; a part is never shown as the whole. */
export interface QueryLimits {
  /** Seconds. */
  maxExecutionTime: number
  maxRowsToRead: number
  /** Bytes. */
  maxMemoryUsage: number
}

export const QUERY_LIMITS: QueryLimits = {
  maxExecutionTime: 30,
  maxRowsToRead: 1_000_000_000,
  maxMemoryUsage: 4_000_000_000,
}

export type Read = <Row>(statement: Statement, options?: CallOptions) => Promise<Row[]>

/** Finds out how the rows of a plan's project must be read; every answer begins so. */
export type FindReading = (plan: QueryPlan, options: CallOptions | undefined) => Promise<Reading>

/** Facts of an answer from raw events. */
export function rawFacts(truncated: boolean): ResultFacts {
  return { truncated, estimated: false, answered_by: 'raw' }
}

/**
 * Reads through the pool in turn, each statement with its own limits. An abandoned read rejects with the signal's reason
 * and is ended on the server, which would else work on for nobody.
 */
export function createReader(
  start: () => Promise<Connections>,
  limits: QueryLimits,
  lane: 'readers' | 'quick' = 'readers',
): Read {
  const kill = createKill(start)
  let turn = 0
  const settings: Settings = {
    max_execution_time: limits.maxExecutionTime,
    max_rows_to_read: limits.maxRowsToRead,
    max_memory_usage: limits.maxMemoryUsage,
    read_overflow_mode: 'throw',
    timeout_overflow_mode: 'throw',
    result_overflow_mode: 'throw',
    // Quotes 64-bit numbers by default on some versions; then counts would come back as text.
    output_format_json_quote_64bit_integers: 0,
    // An absent side of a join is empty text, as everywhere in these tables.
    join_use_nulls: 0,
  }
  return async <Row>(statement: Statement, { signal }: CallOptions = {}): Promise<Row[]> => {
    signal?.throwIfAborted()
    const { readers, quick } = await start()
    signal?.throwIfAborted()
    const reader: ClickhouseClient =
      (lane === 'quick' ? quick : readers[turn++ % readers.length]) ?? readers[0]
    const ask = async (query: string): Promise<Row[]> => {
      const answer = await reader.query({
        query,
        query_params: statement.params,
        format: 'JSONEachRow',
        ...(signal === undefined ? {} : { abort_signal: signal }),
      })
      return await answer.json()
    }
    const id = `read-${randomUuid()}`
    const leave = (): void => kill(id)
    signal?.addEventListener('abort', leave, { once: true })
    try {
      const marked = signal === undefined ? settings : { ...settings, log_comment: id }
      return await ask(`${statement.query}\n${settingsClause(marked)}`)
    } catch (error) {
      // Whatever it broke off with, the caller knows best why.
      signal?.throwIfAborted()
      throw queryError(error)
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }
}
