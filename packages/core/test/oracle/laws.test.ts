import { randomUUID } from 'node:crypto'
import type { EventStore, StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampled } from '../../../../scripts/test-run/measure.js'
import { bucketStarts } from '../../src/query/calendar.js'
import { events, person, sessionRows, sessions, sources, stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { type History, makeHistory } from './history.js'
import { answer, makeQuestion } from './questions.js'
import { createRandom, type Random } from './random.js'

/** What is true of any history, whoever counts: these need no second store to compare with. */
const HISTORIES = 12
const DAY = 86_400_000

const firstSeed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_000)
const random = createRandom(firstSeed)
// Of one season, because months cost time.
const histories = Array.from({ length: HISTORIES }, (_, n) => makeHistory(firstSeed + 2 * n))

/** The same events in a project of their own. */
function moved(list: readonly StoredEvent[], project_id: string): StoredEvent[] {
  return list.map((event) => ({ ...event, project_id }))
}

/** Other batches, in another order: no id twice in one. */
function retold(history: History, project_id: string): StoredEvent[][] {
  const batches: StoredEvent[][] = [[], [], []]
  for (const event of random.shuffle(moved(history.batches.flat(), project_id))) {
    const free = batches.filter((batch) => !batch.some(({ event_id }) => event_id === event.event_id))
    if (free.length === 0) batches.push([event])
    else random.pick(free).push(event)
  }
  return batches.filter((batch) => batch.length > 0)
}

const stores: readonly { name: string; open(): EventStore }[] = [
  { name: 'memory', open: memoryEvents },
  { name: 'chdb', open: () => chdbEvents({ path: CHDB_PATH, database: freshDatabase() }) },
]

for (const { name, open } of sampled(stores, 2)) {
  describe(`laws of counting, ${name}, seed ${firstSeed}`, { timeout: 120_000 }, () => {
    let store: EventStore
    beforeAll(async () => {
      store = open()
      for (const round of histories[0]?.batches.keys() ?? []) {
        const list = histories.flatMap(({ batches }) => batches[round] ?? [])
        await store.insert({ token: randomUUID(), events: list })
      }
    })
    afterAll(async () => await store.close())

    const scopeOf = ({
      project_id,
      anchor,
    }: History): { project_id: string; from: number; to: number; limit: number } => ({
      project_id,
      from: anchor - 4 * DAY + random.int(0, 3 * DAY),
      to: anchor + random.int(0, 4 * DAY),
      limit: 1000,
    })

    async function expectSameAnswers(pairs: readonly { history: History; other: string }[]): Promise<void> {
      for (const { history, other } of pairs) {
        const own: Random = createRandom(history.seed)
        for (let n = 0; n < 4; n++) {
          const plan = makeQuestion(own, history)
          const expected = await answer(store, plan)
          expect((await answer(store, { ...plan, project_id: other })).facts, JSON.stringify(plan)).toEqual(
            expected.facts,
          )
        }
      }
    }

    test('the order of arrival does not matter, nor how batches are cut', async () => {
      const pairs = histories.map((history) => ({ history, other: randomUUID() }))
      const told = pairs.map(({ history, other }) => retold(history, other))
      for (let round = 0; told.some((batches) => batches[round] !== undefined); round++) {
        await store.insert({ token: randomUUID(), events: told.flatMap((batches) => batches[round] ?? []) })
      }
      await expectSameAnswers(pairs)
    })

    test('sending again does not matter, whatever the token', async () => {
      const pairs = histories.map((history) => ({ history, other: randomUUID() }))
      for (const round of histories[0]?.batches.keys() ?? []) {
        const list = pairs.flatMap(({ history, other }) => moved(history.batches[round] ?? [], other))
        const batch = { token: randomUUID(), events: list }
        for (const again of [batch, batch, { ...batch, token: randomUUID() }]) await store.insert(again)
      }
      await expectSameAnswers(pairs)
    })

    test('sessions: parts sum to the whole, bounces are sessions of one pageview', async () => {
      for (const history of histories) {
        const plan = sessions({ ...scopeOf(history), include_bots: random.chance(0.5) })
        const whole = sumSessions(await sessionRows(store, plan))
        const buckets = bucketStarts('day', plan.from, plan.to, history.zone)
        expect(sumSessions(await sessionRows(store, { ...plan, buckets }))).toEqual(whole)
        const grouped = { ...plan, group_by: ['source', 'exit_path'] as const }
        expect(sumSessions(await sessionRows(store, grouped))).toEqual(whole)
        expect(sumSessions(await sessionRows(store, { ...grouped, buckets }))).toEqual(whole)
        expect(whole.bounces).toBeLessThanOrEqual(whole.sessions)
        expect(whole.bounces).toBeLessThanOrEqual(whole.pageviews)
        expect(whole.duration_ms).toBeLessThanOrEqual(whole.sessions * DAY)
      }
    })

    test('counts: parts sum to the whole, by group, bucket, source and filter', async () => {
      for (const history of histories) {
        const scope = { ...scopeOf(history), include_bots: random.chance(0.5) }
        const buckets = bucketStarts('day', scope.from, scope.to, history.zone)
        for (const metric of ['count', 'pageviews'] as const) {
          const plan = stats({ ...scope, metric })
          const whole = sum((await store.query<'stats'>(plan)).rows)
          const grouped = { ...plan, group_by: ['path', 'os'] as const }
          expect(sum((await store.query<'stats'>(grouped)).rows)).toBe(whole)
          expect(sum((await store.query<'stats'>({ ...plan, buckets })).rows)).toBe(whole)
          expect(sum((await store.query<'stats'>({ ...grouped, buckets })).rows)).toBe(whole)
          let filtered = 0
          for (const { group } of (await store.query<'stats'>({ ...plan, group_by: ['medium'] })).rows) {
            const filters = [{ field: 'medium', op: 'is', values: group }] as const
            filtered += sum((await store.query<'stats'>({ ...plan, filters })).rows)
          }
          expect(filtered).toBe(whole)
          if (metric === 'pageviews') continue
          const bySource = await store.query<'sources'>(sources(scope))
          expect(bySource.rows.reduce((total, row) => total + row.events, 0)).toBe(whole)
          expect((await store.query<'events'>(events(scope))).rows.length).toBe(whole)
        }
      }
    })

    test('people: at most a person an event; parts are no less than the whole', async () => {
      for (const history of histories) {
        const scope = { ...scopeOf(history), include_bots: random.chance(0.5) }
        const of = async (metric: 'count' | 'uniques' | 'people' | 'pageviews'): Promise<number> =>
          sum((await store.query<'stats'>(stats({ ...scope, metric }))).rows)
        const [count, uniques, people] = [await of('count'), await of('uniques'), await of('people')]
        const { rows } = await store.query<'events'>(events(scope))
        const users = new Set(rows.flatMap(({ user_id }) => user_id ?? [])).size
        expect(uniques).toBeLessThanOrEqual(count)
        expect(people).toBeLessThanOrEqual(count)
        // Each person is a user of some event, or has a visitor that is nobody else's.
        expect(people).toBeLessThanOrEqual(uniques + users)
        expect(await of('pageviews')).toBeLessThanOrEqual(count)
        for (const [metric, whole] of [
          ['uniques', uniques],
          ['people', people],
        ] as const) {
          const parts = stats({ ...scope, metric, group_by: ['source'] })
          expect(sum((await store.query<'stats'>(parts)).rows)).toBeGreaterThanOrEqual(whole)
        }
      }
    })

    test('every event is of exactly one person, and every visitor of one', async () => {
      for (const history of histories) {
        const { project_id, from, to } = scopeOf(history)
        const all = history.batches.flat()
        const users = new Set(all.flatMap(({ user_id }) => (user_id === '' ? [] : [user_id])))
        const visitors = new Set(
          all.flatMap(({ anonymous_id }) => (anonymous_id === '' ? [] : [anonymous_id])),
        )
        let counted = 0
        const linked: string[] = []
        for (const user_id of users) {
          const found = await store.query<'person'>(person({ project_id, from, to, user_id }))
          counted += found.events
          linked.push(...found.anonymous_ids)
        }
        expect(new Set(linked).size).toBe(linked.length)
        for (const anonymous_id of visitors) {
          const found = await store.query<'person'>(person({ project_id, from, to, anonymous_id }))
          expect(found.user_id !== '').toBe(linked.includes(anonymous_id))
          if (found.user_id === '') counted += found.events
        }
        const plan = stats({ project_id, from, to, include_bots: true })
        expect(counted).toBe(sum((await store.query<'stats'>(plan)).rows))
      }
    })
  })
}

function sum(rows: readonly { values: readonly (number | null)[] }[]): number {
  return rows.reduce((total, { values: [value] }) => total + (value ?? 0), 0)
}

type Whole = { sessions: number; bounces: number; duration_ms: number; pageviews: number }

function sumSessions(rows: readonly Whole[]): Whole {
  return rows.reduce<Whole>(
    (total, row) => ({
      sessions: total.sessions + row.sessions,
      bounces: total.bounces + row.bounces,
      duration_ms: total.duration_ms + row.duration_ms,
      pageviews: total.pageviews + row.pageviews,
    }),
    { sessions: 0, bounces: 0, duration_ms: 0, pageviews: 0 },
  )
}
