import { LIMITS } from '@millimetric/schema/limits'
import { randomUuid } from '#crypto'
import type { CallOptions } from '../../ports/event-store.js'
import type { QueryPlan, ResultFacts } from '../../ports/query-plan.js'
import { ASKING, type ClickhouseClient, type Connections, type Settings, settingsClause } from './client.js'
import { queryError, tooExpensive } from './errors.js'
import { createKill } from './kill.js'
import type { Statement } from './sql/binder.js'
import type { Reading } from './sql/reading.js'

/** Bounds of a question. What goes over fails with `query_too_expensive`; a part is never shown as the whole. */
export interface QueryLimits {
  /** Seconds, of all statements of the question together; 0 = no limit, as for the others. */
  maxExecutionTime: number
  /** Of one statement. */
  maxRowsToRead: number
  /** Bytes of one statement, on the server. */
  maxMemoryUsage: number
  /** What one statement brings into this process. */
  maxResultRows: number
  /** Likewise, as the server holds it. */
  maxResultBytes: number
}

export const QUERY_LIMITS: QueryLimits = {
  maxExecutionTime: 30,
  maxRowsToRead: 1_000_000_000,
  maxMemoryUsage: 4_000_000_000,
  // A row of the answer is one of these.
  maxResultRows: LIMITS.seriesRows,
  maxResultBytes: 134_217_728,
}

export type Read = <Row>(statement: Statement, options?: CallOptions) => Promise<Row[]>

/** Finds out how the rows of a plan's project must be read; every answer begins so. */
export type FindReading = (plan: QueryPlan, options: CallOptions | undefined) => Promise<Reading>

/** Facts of an answer from raw events. */
export function rawFacts(truncated: boolean): ResultFacts {
  return { truncated, estimated: false, answered_by: 'raw' }
}

/** `quick` for what must not stand behind a report; `answers` for questions, whose results are bounded too. */
type Lane = 'readers' | 'quick' | 'answers'

/**
 * Reads through the pool in turn, each statement with what its question has left of its time. An abandoned read rejects with the signal's reason
 * and is ended on the server, which would else work on for nobody.
 */
export function createReader(
  start: () => Promise<Connections>,
  limits: QueryLimits,
  lane: Lane = 'readers',
): Read {
  const kill = createKill(start)
  let turn = 0
  const settings: Settings = {
    max_rows_to_read: limits.maxRowsToRead,
    max_memory_usage: limits.maxMemoryUsage,
    ...(lane === 'answers'
      ? { max_result_rows: limits.maxResultRows, max_result_bytes: limits.maxResultBytes }
      : {}),
    read_overflow_mode: 'throw',
    timeout_overflow_mode: 'throw',
    result_overflow_mode: 'throw',
    // Quotes 64-bit numbers by default on some versions; then counts would come back as text.
    output_format_json_quote_64bit_integers: 0,
    output_format_json_quote_64bit_floats: 0,
    // An absent side of a join is empty text, as everywhere in these tables.
    join_use_nulls: 0,
    ...ASKING,
  }
  return async <Row>(statement: Statement, { signal, began }: CallOptions = {}): Promise<Row[]> => {
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
      const bounds = { max_execution_time: timeLeft(limits, began), ...settings }
      const marked = signal === undefined ? bounds : { ...bounds, log_comment: id }
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

/** Seconds; throws when there are none. */
function timeLeft({ maxExecutionTime }: QueryLimits, began: number | undefined): number {
  if (maxExecutionTime === 0 || began === undefined) return maxExecutionTime
  const left = maxExecutionTime - (performance.now() - began) / 1000
  if (left <= 0) throw tooExpensive('max_execution_time')
  // A limit of microseconds is one too.
  return Number(left.toFixed(6)) || 1e-6
}
