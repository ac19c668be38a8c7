import type { StatsPlan } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import type { ClickhouseEventStore } from '../../src/stores/clickhouse/event-store.js'
import { DAY, stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'
import { interrupted, signal } from './interrupted.js'

let engine: Connections
let database: string
let store: ClickhouseEventStore
beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => await engine.close())
beforeEach(async () => {
  database = freshDatabase()
  store = chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 })
  return async () => await store.close()
})

const MIDNIGHT = Math.floor(TEST_NOON / DAY) * DAY
const DAYS = [0, 1].map((n) => ({ start: MIDNIGHT + n * DAY, end: MIDNIGHT + (n + 1) * DAY }))
const RANGE = { from: MIDNIGHT, to: MIDNIGHT + 2 * DAY }

/** Half a minute passes for what is to be built. */
async function passHalfAMinute(): Promise<void> {
  await engine.writer.command({
    query: `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`,
  })
}

/** Fifty visitors on each of two days. */
async function fill(): Promise<void> {
  await store.insert({
    token: `fill-${database}`,
    events: Array.from({ length: 100 }, (_, n) =>
      storedEvent({
        event_id: `e${n}`,
        anonymous_id: `v${n % 50}`,
        user_id: `u${n % 50}`,
        timestamp: MIDNIGHT + Math.floor(n / 50) * DAY + n * 60_000,
      }),
    ),
  })
  await passHalfAMinute()
}

function question(fields: Partial<Parameters<typeof stats>[0]> = {}): StatsPlan {
  return stats({ ...RANGE, days: [...DAYS.map(({ start }) => start), RANGE.to], ...fields })
}

/** What is answered, and what the events say. */
async function bothWays(asked: ClickhouseEventStore, plan: StatsPlan): Promise<[unknown, unknown, string]> {
  const quick = await asked.query<'stats'>(plan)
  const raw = await store.query<'stats'>({ ...plan, days: null })
  return [quick.rows, raw.rows, quick.answered_by]
}

describe('a day is built while verdicts are rewritten', () => {
  async function rewrite(by: ClickhouseEventStore): Promise<void> {
    const range = { project_id: TEST_PROJECT, ...RANGE }
    const landings = await by.landings(range, { after: '', limit: 100 })
    await by.reclassify(
      range,
      (async function* () {
        yield landings.map(({ key, verdict }) => ({ key, verdict: { ...verdict, source: 'rewritten' } }))
      })(),
    )
  }

  test.each([
    ['which goes on', false],
    ['which ends before the build has looked again', true],
  ])('%s: it does not answer with what it saw', async (_, ends) => {
    await fill()
    const [rewriting, built] = [signal(), signal()]
    const writer = interrupted(engine, database, {
      async before(query) {
        if (!/ events UPDATE |\.events UPDATE /.test(query)) return
        rewriting.give()
        await built.given
      },
    })
    let rewritten: Promise<void> | undefined
    let days = 0
    const builder = interrupted(engine, database, {
      async after(query) {
        if (!/^INSERT INTO \S+daily_rollup/.test(query)) return
        days += 1
        if (days === 1) {
          rewritten = rewrite(writer)
          await rewriting.given
          await passHalfAMinute()
        } else if (ends) {
          built.give()
          await rewritten
        }
      },
    })
    await builder.buildDays(TEST_PROJECT, DAYS)
    expect(days).toBe(2)
    built.give()
    await rewritten
    const [answer, truth] = await bothWays(store, question({ group_by: ['source'] }))
    expect(answer).toEqual(truth)
    expect(truth).toMatchObject([{ group: ['rewritten'], values: [100] }])
  })
})

describe('something happens between two statements of a question', () => {
  const LOOK = /AS twins|rollup_days/
  const questions: readonly (readonly [string, StatsPlan])[] = [
    ['a total', question()],
    ['distinct visitors', question({ metric: 'uniques' })],
    ['a series', question({ buckets: DAYS.map(({ start }) => start) })],
    ['a series of groups', question({ group_by: ['event_name'], buckets: DAYS.map(({ start }) => start) })],
  ]

  async function buildBoth(): Promise<void> {
    await fill()
    expect(await store.buildDays(TEST_PROJECT, DAYS)).toBe(2)
  }

  /** Does something once, before or after the n-th statement that is an answer and no look at the bookkeeping. */
  function once(when: 'before' | 'after', nth: number, act: () => Promise<void>): ClickhouseEventStore {
    let answers = 0
    return interrupted(engine, database, {
      async [when](query: string) {
        if (!query.startsWith('SELECT') || LOOK.test(query)) return
        answers += 1
        if (answers === nth) await act()
      },
    })
  }

  async function forget(user_id: string): Promise<void> {
    const id = crypto.randomUUID()
    const person = { project_id: TEST_PROJECT, user_id, anonymous_id: '', until: RANGE.to }
    await store.noteErasures([{ id, ...person }])
    await store.purge([{ kind: 'person', erasure_id: id, project_id: TEST_PROJECT }])
    await store.settleErasures([
      { id, project_id: TEST_PROJECT, subject: 'user', requested_at: 0, verified_at: 0, removed: {} },
    ])
  }

  test.each(questions)(
    'somebody is forgotten, asked for %s: the days do not lack everybody',
    async (_, plan) => {
      await buildBoth()
      expect(await bothWays(store, plan)).toMatchObject([{}, {}, 'rollup'])
      const [answer, truth, by] = await bothWays(
        once('before', 1, async () => await forget('u1')),
        plan,
      )
      expect(answer).toEqual(truth)
      expect(by).toBe('raw')
      if (plan.group_by.length === 0) return
      const late = await bothWays(
        once('before', 2, async () => await forget('u2')),
        plan,
      )
      expect(late[0]).toEqual(late[1])
    },
  )

  const twin = storedEvent({
    event_id: 'e1',
    anonymous_id: 'v1',
    user_id: 'u1',
    timestamp: MIDNIGHT + 60_000,
  })
  const later = { ...twin, received_at: twin.received_at + 1, anonymous_id: 'other' }
  const plain = question({ days: null, metric: 'uniques' })

  test.each([...questions, ['distinct visitors among events', plain] as const])(
    'a twin comes, asked for %s: it counts once',
    async (_, plan) => {
      await buildBoth()
      const truth = await bothWays(store, plan)
      const asked = once('before', 1, async () => await store.insert({ token: 'twin', events: [later] }))
      const [answer, , by] = await bothWays(asked, plan)
      expect(answer).toEqual(truth[0])
      expect(by).toBe('raw')
    },
  )

  test('twins are swept after a question has seen both: it is asked again', async () => {
    await fill()
    const truth = await bothWays(store, plain)
    let sweeps = 0
    let armed = true
    const answers = (query: string): boolean => armed && query.startsWith('SELECT') && !LOOK.test(query)
    const asked = interrupted(engine, database, {
      async before(query) {
        if (answers(query)) await store.insert({ token: `swept-${sweeps}`, events: [later] })
      },
      async after(query) {
        if (!answers(query)) return
        armed = false
        sweeps += await store.removeTwins()
      },
    })
    // The first question of a store begins with a look at the books, later ones with what the last has seen there.
    for (const _ of [1, 2]) {
      armed = true
      expect(await bothWays(asked, plain)).toEqual(truth)
    }
    expect(sweeps).toBe(2)
  })

  test('sweeps that never end let no wrong answer through', async () => {
    await fill()
    let tries = 0
    const answers = (query: string): boolean => query.startsWith('SELECT') && !LOOK.test(query)
    const asked = interrupted(engine, database, {
      async before(query) {
        if (!answers(query)) return
        tries += 1
        await store.insert({ token: `restless-${tries}`, events: [later] })
      },
      async after(query) {
        if (answers(query)) await store.removeTwins()
      },
    })
    await expect(asked.query<'stats'>(plain)).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(tries).toBe(4)
  })

  test('a day with twins is counted from events until they are swept, and answers again when it is built anew', async () => {
    await buildBoth()
    const plan = question({ metric: 'uniques' })
    const truth = await bothWays(store, plan)
    expect(truth[2]).toBe('rollup')
    await store.insert({ token: 'twin', events: [later] })
    expect(await bothWays(store, plan)).toEqual([truth[0], truth[0], 'raw'])
    expect(await store.removeTwins()).toBe(1)
    await passHalfAMinute()
    expect(await store.buildDays(TEST_PROJECT, DAYS)).toBe(1)
    expect(await bothWays(store, plan)).toEqual([truth[0], truth[0], 'rollup'])
  })

  test('a day is built while somebody in it is forgotten: it does not answer with them', async () => {
    await fill()
    const builder = interrupted(engine, database, {
      async after(query) {
        if (/^INSERT INTO \S+daily_rollup/.test(query)) await forget('u1')
      },
    })
    expect(await builder.buildDays(TEST_PROJECT, DAYS.slice(0, 1))).toBe(0)
    const [answer, truth] = await bothWays(store, question({ metric: 'uniques' }))
    expect(answer).toEqual(truth)
    expect(truth).toMatchObject([{ values: [49] }])
  })
})

test('a built day that lacks the mark of an insert answers from events once upkeep has looked', async () => {
  await fill()
  expect(await store.buildDays(TEST_PROJECT, DAYS)).toBe(2)
  const view = `${database}.marks_mv`
  await engine.writer.command({ query: `DETACH TABLE ${view}` })
  await store.insert({
    token: 'unmarked',
    events: [storedEvent({ event_id: 'unmarked', timestamp: MIDNIGHT })],
  })
  await engine.writer.command({ query: `ATTACH TABLE ${view}` })
  expect(await bothWays(store, question())).toMatchObject([
    [{ values: [100] }],
    [{ values: [101] }],
    'rollup',
  ])
  // Of this age it may still be on its way.
  for (const table of ['events', 'event_ids']) {
    await engine.writer.command({
      query: `ALTER TABLE ${database}.${table} UPDATE stored_at = stored_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync = 2`,
    })
  }
  await store.removeTwins()
  const [answer, truth, by] = await bothWays(store, question())
  expect([answer, by]).toEqual([truth, 'rollup'])
  expect(truth).toMatchObject([{ values: [101] }])
  // And leaves the days alone that are right.
  await passHalfAMinute()
  expect(await store.buildDays(TEST_PROJECT, DAYS)).toBe(1)
  await engine.writer.command({ query: `TRUNCATE TABLE ${database}.sweeps` })
  await store.removeTwins()
  expect(await store.buildDays(TEST_PROJECT, DAYS)).toBe(0)
  expect(await bothWays(store, question())).toMatchObject([{}, [{ values: [101] }], 'rollup'])
})
