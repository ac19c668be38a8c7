import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Analytics, createAnalytics, type StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUESTIONS } from '../../../../bench/query-questions.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { makeHistory } from './history.js'
import { createRandom } from './random.js'

const SECOND = 1000
const DAY = 86_400 * SECOND
const HALF_HOUR = 1800 * SECOND
const HISTORIES = 10
const firstSeed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_000)

/** Names that the questions ask for; and, as SQL by hand relies on it, derived session ids and prices that are numbers. */
function asAsked(event: StoredEvent): StoredEvent {
  const { anonymous_id, timestamp } = event
  const half = Math.floor(timestamp / HALF_HOUR)
  const properties: { price?: unknown } = JSON.parse(event.properties)
  const { price, ...others } = properties
  return {
    ...event,
    event_name: event.event_name === 'é' ? 'purchase' : event.event_name,
    user_id: event.user_id === 'u' ? 'u5' : event.user_id,
    properties: JSON.stringify(typeof price === 'number' ? properties : others),
    session_id: anonymous_id === '' ? '' : `${anonymous_id}-${half}`,
  }
}

/** Events of a history, each id with one body: SQL by hand does not look for twins that no sweep has removed. */
function eventsOf(seed: number, projectId: string): StoredEvent[] {
  const { batches, late } = makeHistory(seed, projectId)
  const all = [...batches, ...late].flat().map(asAsked)
  return [...new Map(all.map((event) => [event.event_id, event])).values()]
}

/** Whole seconds, as the SQL takes them; sometimes everything. */
function rangeOf(seed: number): { from: number; to: number } {
  const random = createRandom(seed)
  const { anchor } = makeHistory(seed)
  const second = (ms: number): number => Math.floor(ms / SECOND) * SECOND
  if (random.chance(0.4)) return { from: second(anchor - 10 * DAY), to: second(anchor + 12 * DAY) }
  const from = second(anchor - random.int(0, 3 * DAY))
  return { from, to: second(from + random.int(HALF_HOUR, 4 * DAY)) }
}

interface Case {
  seed: number
  project: string
  analytics: Analytics
  range: { from: number; to: number }
  events: readonly StoredEvent[]
}

/** A history in a memory store of its own, whose clock stands at the end of the range. */
async function makeCase(seed: number): Promise<Case> {
  const range = rangeOf(seed)
  const memory = memoryEvents()
  const analytics = createAnalytics({ events: memory, keys: memoryKeys(), clock: () => range.to })
  const { project } = await analytics.projects.create({ slug: 'hand' })
  const events = eventsOf(seed, project.id)
  await memory.insert({ token: randomUUID(), events })
  return { seed, project: project.id, analytics, range, events }
}

const database = freshDatabase()
const driver = chdbEvents({ path: CHDB_PATH, database })
let engine: Awaited<ReturnType<typeof acquireEngine>>
let cases: readonly Case[] = []

beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
  await driver.migrate()
  cases = await Promise.all(Array.from({ length: HISTORIES }, async (_, n) => await makeCase(firstSeed + n)))
  const all = { token: randomUUID(), events: cases.flatMap(({ events }) => events) }
  await driver.insert(all)
  // A lost answer; and some that came twice, until a sweep.
  await driver.insert(all)
  await driver.insert({ token: randomUUID(), events: all.events.filter((_, n) => n % 7 === 0) })
  expect(await driver.removeTwins()).toBeGreaterThan(0)
}, 60_000)

afterAll(async () => {
  await driver.close()
  await engine.close()
})

test.each(QUESTIONS)(
  '$name: SQL by hand gives the answers of the memory reference',
  async ({ name, ask }) => {
    const sql = readFileSync(new URL(`../../../../bench/sql/${name}.sql`, import.meta.url), 'utf8')
    let found = 0
    for (const { seed, range, analytics, project } of cases) {
      const [from, to] = [new Date(range.from).toISOString(), new Date(range.to).toISOString()]
      const expected = await ask(analytics, { from, to })
      const answer = await engine.readers[0].query({
        query: `${sql}\nSETTINGS output_format_json_quote_64bit_integers=0`,
        query_params: { db: database, project, from: range.from / SECOND, to: range.to / SECOND },
        format: 'JSONEachRow',
      })
      const rows = (await answer.json<object>()).map((row) => Object.values(row))
      expect(rows, `seed ${seed}`).toEqual(expected)
      found += rows.length
    }
    expect(found).toBeGreaterThan(0)
  },
)
