import type { CallOptions } from '../../ports/event-store.js'
import type { QueryPlan, ResultFacts } from '../../ports/query-plan.js'
import { type ClickhouseClient, type Connections, type Settings, settingsClause } from './client.js'
import { queryError } from './errors.js'
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

/** Reads through the pool in turn, each statement with its own limits. */
export function createReader(start: () => Promise<Connections>, limits: QueryLimits): Read {
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
  return async (statement, options = {}) => {
    const { readers } = await start()
    const reader: ClickhouseClient = readers[turn++ % readers.length] ?? readers[0]
    try {
      const answer = await reader.query({
        query: `${statement.query}\n${settingsClause(settings)}`,
        query_params: statement.params,
        format: 'JSONEachRow',
        ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
      })
      return await answer.json()
    } catch (error) {
      throw queryError(error)
    }
  }
}
