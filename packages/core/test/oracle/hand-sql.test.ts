import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Analytics, createAnalytics, type StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QUESTIONS, valuesOf } from '../../../../bench/query-questions.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { plainHistory } from './hand-history.js'
import { makeHistory } from './history.js'
import { createRandom } from './random.js'

const SECOND = 1000
const DAY = 86_400 * SECOND
const HALF_HOUR = 1800 * SECOND
// `npm run oracle -- --histories 2000` asks 200 of them: each is asked every question three times.
const HISTORIES = Math.ceil(Number(process.env.ORACLE_HISTORIES ?? 40) / 10)
const TIMEOUT = { timeout: 60_000 + HISTORIES * 5000 } as const
const firstSeed = Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_000)
/** Seeds that once failed. */
const KEPT_SEEDS = [416_690_050] as const

/** Names that the questions ask for; and, as SQL by hand relies on it, derived session ids and prices that are numbers. */
function asAsked(event: StoredEvent): StoredEvent {
  const { anonymous_id, timestamp } = event
  const half = Math.floor(timestamp / HALF_HOUR)
  const properties: { price?: unknown } = JSON.parse(event.properties)
  const { price, ...others } = properties
  return {
    ...event,
    event_name: event.event_name === 'é' ? 'purchase' : event.event_name,
    path: event.path === '/a' ? '/p5' : event.path,
    user_id: event.user_id === 'u' ? 'u5' : event.user_id,
    properties: JSON.stringify(typeof price === 'number' ? properties : others),
    session_id: anonymous_id === '' ? '' : `${anonymous_id}-${half}`,
  }
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
  name: string
  project: string
  range: { from: number; to: number }
  /** Over the memory reference, and over the driver: with the same project, and clocks at the end of the range. */
  reference: Analytics
  ours: Analytics
  batches: readonly (readonly StoredEvent[])[]
}

const database = freshDatabase()
const driver = chdbEvents({ path: CHDB_PATH, database })
const memory = memoryEvents()

async function makeCase(
  name: string,
  range: { from: number; to: number },
  tell: (project: string) => readonly (readonly StoredEvent[])[],
): Promise<Case> {
  const keys = memoryKeys()
  const open = (events: typeof memory | typeof driver): Analytics =>
    createAnalytics({ events, keys, clock: () => range.to, onDiagnostic: () => {} })
  const [reference, ours] = [open(memory), open(driver)]
  const { project } = await reference.projects.create({ slug: 'hand' })
  return { name, project: project.id, range, reference, ours, batches: tell(project.id) }
}

async function makeRandomCase(seed: number): Promise<Case> {
  return await makeCase(`seed ${seed}`, rangeOf(seed), (project) => {
    const { batches, late } = makeHistory(seed, project)
    return [...batches, ...late].map((events) => events.map(asAsked))
  })
}

let engine: Awaited<ReturnType<typeof acquireEngine>>
let cases: readonly Case[] = []

/** Every batch, some of them again: under their token, as when an answer was lost, and in part under another. */
async function tellAll(random = createRandom(firstSeed)): Promise<void> {
  const rounds = Math.max(...cases.map(({ batches }) => batches.length))
  for (let round = 0; round < rounds; round++) {
    const events = cases.flatMap(({ batches }) => batches[round] ?? [])
    const batch = { token: randomUUID(), events }
    const part = { token: randomUUID(), events: events.filter(() => random.chance(0.1)) }
    for (const sent of [batch, ...(round % 2 === 0 ? [batch] : []), part]) {
      await memory.insert(sent)
      await driver.insert(sent)
    }
  }
}

beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
  await driver.migrate()
  const { range, tell } = plainHistory()
  const seeds = [...KEPT_SEEDS, ...Array.from({ length: HISTORIES }, (_, n) => firstSeed + n)]
  cases = [await makeCase('the plain one', range, tell), ...(await Promise.all(seeds.map(makeRandomCase)))]
  await tellAll()
}, TIMEOUT.timeout)

afterAll(async () => {
  await driver.close()
  await engine.close()
})

type Ask = (typeof QUESTIONS)[number]['ask']

async function answersOf(ask: Ask, of: 'reference' | 'ours'): Promise<{ name: string; rows: unknown[][] }[]> {
  const all: { name: string; rows: unknown[][] }[] = []
  for (const { name, range, [of]: analytics } of cases) {
    const [from, to] = [new Date(range.from).toISOString(), new Date(range.to).toISOString()]
    all.push({ name, rows: valuesOf(await ask(analytics, { from, to })) })
  }
  return all
}

describe('while repeats and twins lie in the table', TIMEOUT, () => {
  test.each(QUESTIONS)('$name: ours gives the answers of the memory reference', async ({ ask }) => {
    const [first, ...others] = await answersOf(ask, 'reference')
    // However the dice fall, one history has something to say to every question.
    expect(first?.rows.length).toBeGreaterThan(0)
    expect(await answersOf(ask, 'ours')).toEqual([first, ...others])
  })
})

describe('when every event is stored once', TIMEOUT, () => {
  beforeAll(async () => {
    expect(await driver.removeTwins()).toBeGreaterThan(0)
  })

  test.each(QUESTIONS)(
    '$name: SQL by hand gives the answers of the memory reference',
    async ({ name, ask }) => {
      const sql = readFileSync(new URL(`../../../../bench/sql/${name}.sql`, import.meta.url), 'utf8')
      expect(sql).toMatch(STATES_ITS_GROUND)
      const found: { name: string; rows: unknown[][] }[] = []
      for (const { name: of, range, project } of cases) {
        const answer = await engine.readers[0].query({
          query: `${sql}\nSETTINGS output_format_json_quote_64bit_integers=0`,
          query_params: { db: database, project, from: range.from / SECOND, to: range.to / SECOND },
          format: 'JSONEachRow',
        })
        found.push({ name: of, rows: (await answer.json<object>()).map((row) => Object.values(row)) })
      }
      expect(found).toEqual(await answersOf(ask, 'reference'))
    },
  )
})

/** SQL by hand looks for no twins: each says so to whoever compares its time. */
const STATES_ITS_GROUND = /^-- .*\n(-- .*\n)*-- Each event is stored once\.\n/
