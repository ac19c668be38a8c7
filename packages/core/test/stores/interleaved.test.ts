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
