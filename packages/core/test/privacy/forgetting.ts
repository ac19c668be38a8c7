import { setTimeout as delay } from 'node:timers/promises'
import {
  type Analytics,
  type AnalyticsOptions,
  createAnalytics,
  type EventStore,
  type Job,
} from '@millimetric/core'
import { memoryKeys } from '@millimetric/core/memory'
import { expect } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import { CHDB_PATH } from '../stores/chdb-path.js'

/** Waits of a tenth of a second, and as many rounds as are asked for. */
export const QUICK: NonNullable<AnalyticsOptions['erasure']> = {
  tombstoneTtlMs: 40,
  deliveryMs: 60,
  roundsAtOnce: 1000,
  roundEveryMs: 1,
}

export interface Setup extends Partial<AnalyticsOptions> {
  events: EventStore
}

export function quickAnalytics(options: Setup): Analytics {
  return createAnalytics({
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0, retryDelaysMs: [1, 1, 1] },
    erasure: QUICK,
    ...options,
  })
}

/** The job when it is no longer open. */
export async function finished(analytics: Analytics, id: string, project?: string): Promise<Job> {
  for (let tries = 0; tries < 600; tries++) {
    const job = await analytics.jobs.find(id, project === undefined ? {} : { project })
    if (job !== undefined && job.state !== 'queued' && job.state !== 'running') return job
    await delay(25)
  }
  throw new Error(`The job ${id} did not end.`)
}

export async function forgetAndWait(
  analytics: Analytics,
  person: Parameters<Analytics['forget']>[0],
  project?: string,
): Promise<Job> {
  const context = project === undefined ? {} : { project }
  const { job } = await analytics.forget(person, context)
  const done = await finished(analytics, job.id, project)
  expect(done).toMatchObject({ state: 'done', error: null })
  expect(done.verified_at).toBeGreaterThanOrEqual(done.created_at)
  return done
}

export interface Sql {
  <Row = Record<string, unknown>>(query: string): Promise<Row[]>
  close(): Promise<void>
}

/** Statements on the engine of the tests, beside the store. */
export async function engineSql(): Promise<Sql> {
  const engine: Connections = await acquireEngine(CHDB_PATH)
  const sql = async <Row>(query: string): Promise<Row[]> => {
    if (!/^\s*(?:SELECT|WITH)/i.test(query)) {
      await engine.writer.command({ query })
      return []
    }
    return await (await engine.writer.query({ query, format: 'JSONEachRow' })).json<Row>()
  }
  return Object.assign(sql, { close: engine.close })
}
