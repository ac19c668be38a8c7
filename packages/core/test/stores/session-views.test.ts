import { randomUUID } from 'node:crypto'
import { chdbEvents } from '@millimetric/core/chdb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import { sessionRows, sessions } from '../../src/testing/event-store-case.js'
import { makeHistory } from '../oracle/history.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const database = freshDatabase()
const store = chdbEvents({ path: CHDB_PATH, database })
const DAY = 86_400_000
let engine: Connections

beforeAll(async () => {
  await store.migrate()
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => {
  await engine.close()
  await store.close()
})

test('the view of sessions tells what stats tell, on random histories in one table', async () => {
  const histories = Array.from({ length: 40 }, (_, seed) => makeHistory(seed * 2, randomUUID()))
  const events = histories.flatMap(({ batches, late }) => [...batches, ...late].flat())
  const ids = new Set<string>()
  const once = events.filter(({ project_id, event_id }) => {
    const fresh = !ids.has(project_id + event_id)
    ids.add(project_id + event_id)
    return fresh
  })
  await store.insert({ token: randomUUID(), events: once })
  for (const { project_id, anchor } of histories) {
    // Wider than anything that happened: what lies far outside can't join a session of the range.
    const range = { project_id, from: anchor - 12 * DAY, to: anchor + 40 * DAY }
    const told = await sessionRows(
      store,
      sessions({ ...range, group_by: ['source', 'entry_path', 'exit_path'] }),
    )
    const answer = await engine.readers[0].query({
      query: `SELECT [source, entry_path, exit_path] AS group, toUInt32(count()) AS sessions, toUInt32(sum(bounced)) AS bounces,
  toUInt32(sum(pageviews)) AS pageviews, toInt32(sum(toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at))) AS duration_ms
FROM ${database}.sessions_v WHERE project_id = {project:UUID} AND NOT is_bot GROUP BY group ORDER BY sessions DESC, group`,
      query_params: { project: project_id },
      format: 'JSONEachRow',
    })
    expect(await answer.json()).toEqual(
      told.map(({ group, sessions, bounces, pageviews, duration_ms }) => ({
        group,
        sessions,
        bounces,
        pageviews,
        duration_ms,
      })),
    )
  }
})
