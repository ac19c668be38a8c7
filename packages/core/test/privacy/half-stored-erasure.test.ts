import type { Diagnostic, EventStore, StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { storedEvent } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AnalyticsError } from '../../src/errors.js'
import { createHalfStored } from '../../src/ingest/half-stored.js'
import { identifier } from '../../src/stores/clickhouse/client.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { engineSql, finished, forgetAndWait, quickAnalytics, type Sql } from './forgetting.js'

let sql: Sql
beforeAll(async () => {
  sql = await engineSql()
})
afterAll(async () => await sql.close())

test('what was held back while its person was erased is erased once it has landed', async () => {
  const database = freshDatabase()
  const db = identifier(database)
  const store = chdbEvents({ path: CHDB_PATH, database })
  await store.migrate()
  const analytics = quickAnalytics({ events: store, project: 'shop', onDiagnostic: () => {} })
  await analytics.projects.create({ slug: 'shop' })
  // A view that throws: the rows are stored, most of what is computed from them is not.
  await sql(`CREATE MATERIALIZED VIEW ${db}.broken ENGINE = MergeTree ORDER BY x AS
SELECT throwIf(CAST(event_name AS String) = 'boom') AS x FROM ${db}.events`)
  const timestamp = Date.now() - 1000
  const { results } = await analytics.batch([
    { event: '$identify', event_id: 'link', anonymous_id: 'laptop', user_id: 'ann', timestamp },
    { event: 'boom', event_id: 'own', anonymous_id: 'laptop', user_id: 'ann', timestamp },
    { event: 'boom', event_id: 'other', anonymous_id: 'tablet', user_id: 'bob', timestamp },
  ])
  expect(results.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
  await forgetAndWait(analytics, { user_id: 'ann' })
  await sql(`DROP TABLE ${db}.broken SYNC`)

  const state = async (): Promise<unknown> => {
    const [row] = await sql(`SELECT
  (SELECT groupArray(event_id) FROM ${db}.events) AS events,
  (SELECT count() FROM ${db}.identity_links) AS links,
  (SELECT groupUniqArray(anonymous_id) FROM ${db}.sessions) AS visitors,
  (SELECT count() FROM ${db}.erasures) AS notes,
  (SELECT count() FROM ${db}.erasure_records) AS proofs`)
    return row
  }
  // The other one's fragment shows that the batch was completed; the second proof that it was looked at again.
  await expect
    .poll(state, { timeout: 20_000, interval: 100 })
    .toEqual({ events: ['other'], links: 0, visitors: ['tablet'], notes: 0, proofs: 2 })
  const again = await analytics.track({ event: 'boom', event_id: 'other', user_id: 'bob', timestamp })
  expect(again).toMatchObject({ status: 'duplicate' })
  await analytics.close()
}, 60_000)

describe('a batch that was held', () => {
  const ann = storedEvent({ event_id: 'a', user_id: 'ann' })
  const bob = storedEvent({ event_id: 'b', user_id: 'bob' })
  const batch = { token: 'held', events: [ann, bob] }

  /** What becomes of the batch, by who is erased at the first look and who at the later ones; a send dies when told to. */
  async function completed(first: StoredEvent[], later: StoredEvent[], dies = ''): Promise<string[]> {
    const done: string[] = []
    const say = (what: string, events: readonly StoredEvent[]): void => {
      const line = `${what} ${events.map(({ event_id }) => event_id).join()}`
      done.push(line)
      if (line === dies) throw new Error('killed')
    }
    let looks = 0
    const held = createHalfStored(
      {
        ...memoryEvents(),
        landed: async () => true,
        insert: async ({ events }) => say('send', events),
        complete: async ({ events }, without) =>
          say(
            'complete',
            events.filter((event) => !without.has(event)),
          ),
      },
      {
        async erased() {
          looks += 1
          const gone = looks === 1 ? first : later
          return new Map(
            gone.map((event) => [
              event,
              {
                project_id: event.project_id,
                kind: 'user',
                user_id: event.user_id,
                anonymous_id: '',
                until: 1,
              },
            ]),
          )
        },
        retract: async (late) => void done.push(`erase ${[...late].map(({ user_id }) => user_id).join()}`),
      },
    )
    held.add(batch)
    await held.retry()
    return done
  }

  test('of which nobody was erased is sent again', async () => {
    expect(await completed([], [])).toEqual(['send a,b'])
  })

  test('of which somebody was erased is completed without them, and they are erased once more', async () => {
    expect(await completed([ann], [ann])).toEqual(['complete b', 'erase ann'])
  })

  test('of which somebody is erased while it is sent: the erasure is asked for before their rows come back', async () => {
    expect(await completed([], [ann])).toEqual(['send a,b', 'erase ann', 'send a'])
    expect(await completed([], [ann], 'send a')).toEqual(['send a,b', 'erase ann', 'send a'])
  })
})

interface Noting {
  store: EventStore
  noted: () => string[]
}

/** A memory store that writes down whose notes were made. */
function noting(note: (store: EventStore) => EventStore['noteErasures']): Noting {
  const store = memoryEvents()
  const noted: string[] = []
  const inner = note(store)
  return {
    noted: () => noted,
    store: {
      ...store,
      async noteErasures(requests) {
        noted.push(...requests.map(({ id }) => id))
        await inner(requests)
      },
    },
  }
}

test('a request whose job can not be written down leaves no note of the person', async () => {
  const { store, noted } = noting(({ noteErasures }) => noteErasures)
  const keys = memoryKeys()
  let away = true
  const analytics = quickAnalytics({
    events: store,
    keys: {
      ...keys,
      async insertJob(job) {
        if (away) throw new AnalyticsError('storage_unavailable', 'away')
        await keys.insertJob(job)
      },
    },
    project: 'shop',
  })
  await analytics.projects.create({ slug: 'shop' })
  await analytics.track({ event: 'e', event_id: 'e', user_id: 'ann' })
  await expect(analytics.forget({ user_id: 'ann' })).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(noted()).toEqual([])
  away = false
  const job = await forgetAndWait(analytics, { user_id: 'ann' })
  expect(noted()).toEqual([job.id])
  await analytics.close()
})

test('a note of which nobody knows whether it was stored: it was, so the person is erased', async () => {
  const { store, noted } = noting(({ noteErasures }) => async (requests) => {
    await noteErasures(requests)
    throw new AnalyticsError('storage_unavailable', 'the answer was lost')
  })
  const analytics = quickAnalytics({ events: store, project: 'shop' })
  const { project } = await analytics.projects.create({ slug: 'shop' })
  await analytics.track({ event: 'e', event_id: 'e', user_id: 'ann' })
  await expect(analytics.forget({ user_id: 'ann' })).rejects.toMatchObject({ code: 'storage_unavailable' })
  const [id = ''] = noted()
  expect(await finished(analytics, id)).toMatchObject({ state: 'done', counts: { events: 1 } })
  expect(await store.tracesOf([id])).toEqual([])
  expect(await store.erasureRecords(project.id)).toMatchObject([{ id }])
  await analytics.close()
})

test('a job whose note never came is left alone for a while, and then says so', async () => {
  let now = Date.now()
  const { store, noted } = noting(() => async () => {
    throw new AnalyticsError('storage_unavailable', 'away')
  })
  const keys = memoryKeys()
  const diagnostics: Diagnostic[] = []
  const open = (): ReturnType<typeof quickAnalytics> =>
    quickAnalytics({
      events: { ...store, close: async () => {} },
      keys,
      project: 'shop',
      clock: () => now,
      onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    })
  const first = open()
  await first.projects.create({ slug: 'shop' })
  await expect(first.forget({ user_id: 'ann' })).rejects.toMatchObject({ code: 'storage_unavailable' })
  const [id = ''] = noted()
  await first.close()
  expect(await keys.listJobs(null, ['queued'])).toMatchObject([{ id }])
  now += 300_000
  const next = open()
  // Asking for another one looks at what is open.
  await expect(next.forget({ user_id: 'bob' })).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(await finished(next, id)).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('ask again'),
  })
  expect(await keys.listJobs(null, ['queued'])).toHaveLength(1)
  await next.close()
})
