import { AnalyticsError } from '../../errors.js'
import { requireOptionNames } from '../../option-names.js'
import type { ClickhouseEventStore } from '../clickhouse/event-store.js'
import { createEventStore, ROLLUP_FROM_ROWS } from '../clickhouse/event-store.js'
import { QUERY_LIMITS, type QueryLimits } from '../clickhouse/reader.js'
import { acquireEngine } from './engine.js'

export type { ClickhouseEventStore } from '../clickhouse/event-store.js'

export interface ChdbOptions {
  /** Data directory, made when absent. One process, and one path a process, at a time. */
  path: string
  /** `millimetric` by default; databases of one path are independent. */
  database?: string
  /** Create and update the tables on first use; true by default. */
  migrate?: boolean
  limits?: Partial<QueryLimits>
  /** Rows of a range from which a rollup may answer; 200,000 by default. Changes speed, never an answer. */
  rollupFromRows?: number
}

const NAMES: Readonly<Record<keyof ChdbOptions, true>> = {
  path: true,
  database: true,
  migrate: true,
  limits: true,
  rollupFromRows: true,
}

/**
 * Events in ClickHouse inside this process (the optional peer `chdb`, real ClickHouse as a library, for Linux
 * x64/arm64 with glibc and macOS). Nothing is opened before first use. Errors on first use:
 * `missing_dependency`, and `store_in_use` when another process or another path holds the engine.
 */
export function chdbEvents(options: ChdbOptions): ClickhouseEventStore {
  requireOptionNames('chdbEvents', options ?? {}, NAMES)
  requireOptionNames('chdbEvents: limits', options?.limits, QUERY_LIMITS)
  if (typeof options?.path !== 'string' || options.path === '') {
    throw new AnalyticsError(
      'invalid_options',
      'chdbEvents takes { path }, the directory that holds the data.',
    )
  }
  return createEventStore({
    name: 'chdb',
    database: options.database ?? 'millimetric',
    migrateOnFirstUse: options.migrate ?? true,
    limits: { ...QUERY_LIMITS, ...options.limits },
    rollupFromRows: options.rollupFromRows ?? ROLLUP_FROM_ROWS,
    connect: async () => await acquireEngine(options.path),
  })
}
