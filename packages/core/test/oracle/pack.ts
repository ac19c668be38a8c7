import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventStore, StoredEvent } from '@millimetric/core'
import type { PurgeSelector } from '../../src/ports/erasure-store.js'
import { alike } from './alike.js'
import { type History, LATE_ROUNDS, makeHistory, ROUNDS } from './history.js'
import { answer, daysOf, makeAskedStats, makeQuestion, type Question } from './questions.js'
import { createRandom, type Random } from './random.js'

const DAY = 86_400_000

export interface Stores {
  readonly memory: EventStore
  readonly driver: EventStore
}

export const PHASES = ['as they came', 'after upkeep', 'after late events', 'after erasures'] as const
export type Phase = (typeof PHASES)[number]

export interface Mismatch {
  readonly history: History
  readonly phase: Phase
  /** What was asked; null for `known`. */
  readonly plan: Question | null
  readonly expected: unknown
  readonly actual: unknown
}

export interface PackOptions {
  readonly seeds: readonly number[]
  /** Questions a history in each phase. */
  readonly questions: { readonly [P in Phase]: number }
  /** Milliseconds that a day must have been left alone before it is built. */
  readonly quiet: number
}

export interface PackReport {
  readonly asked: number
  /** Answers that came from a rollup: a path that nobody walked is not tested. */
  readonly fromRollup: number
  readonly twinsRemoved: number
  readonly mismatches: readonly Mismatch[]
}

const AT_ONCE = 2

/**
 * Tells histories to both stores, many as projects of one batch, and asks both the same questions: as rows came, when
 * twins have been removed and days built, when more came after that, and when people and old rows have gone.
 */
export async function runPack(stores: Stores, options: PackOptions): Promise<PackReport> {
  const histories = options.seeds.map((seed) => makeHistory(seed))
  const random = createRandom(options.seeds[0] ?? 0)
  const mismatches: Mismatch[] = []
  let asked = 0
  let fromRollup = 0

  async function compare(history: History, phase: Phase, plan: Question): Promise<void> {
    asked += 1
    const expected = await answer(stores.memory, plan)
    const actual = await answer(stores.driver, plan).catch((error: unknown) => ({
      facts: String(error),
      by: '',
    }))
    if (actual.by === 'rollup') fromRollup += 1
    if (alike(actual.facts, expected.facts)) return
    mismatches.push({ history, phase, plan, expected: expected.facts, actual: actual.facts })
  }

  async function askAll(phase: Phase): Promise<void> {
    const questions = histories
      .flatMap((history): { history: History; plan: Question }[] => {
        const own = createRandom(history.seed + PHASES.indexOf(phase))
        const plans = Array.from({ length: options.questions[phase] }, () => ({
          history,
          plan: makeQuestion(own, history, phase === 'as they came' ? 0.1 : 0.5),
        }))
        // Once a history: these are several plans each.
        return phase === 'after upkeep' ? [...plans, { history, plan: makeAskedStats(own, history) }] : plans
      })
      .values()
    const work = async (): Promise<void> => {
      for (const { history, plan } of questions) await compare(history, phase, plan)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    mismatches.push(...(await compareKnown(stores, histories, random, phase)))
  }

  await deliver(stores, random, histories, 'batches', ROUNDS)
  const quietFrom = Date.now() + options.quiet
  await askAll('as they came')

  await sleep(Math.max(0, quietFrom - Date.now()))
  const [, twinsRemoved] = [await stores.memory.removeTwins(), await stores.driver.removeTwins()]
  for (const history of histories) {
    const starts = daysOf(history.anchor - 2 * DAY, history.anchor + 2 * DAY, history.zone)
    const days = starts.slice(0, -1).map((start, n) => ({ start, end: starts[n + 1] ?? start }))
    const built = days.filter(() => random.chance(0.5))
    if (random.chance(0.5)) await stores.driver.buildDays(history.project_id, built)
  }
  await askAll('after upkeep')

  await deliver(stores, random, histories, 'late', LATE_ROUNDS)
  await askAll('after late events')

  await erase(stores, histories)
  await askAll('after erasures')
  return { asked, fromRollup, twinsRemoved, mismatches }
}

/** One batch a round for all; some batches come again, under their token, and in part under another. */
async function deliver(
  stores: Stores,
  random: Random,
  histories: readonly History[],
  part: 'batches' | 'late',
  rounds: number,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const events = random.shuffle(histories.flatMap((history) => history[part][round] ?? []))
    const batch = { token: randomUUID(), events }
    await insert(stores, batch)
    if (random.chance(0.5)) await insert(stores, batch)
    if (random.chance(0.5)) {
      await insert(stores, { token: randomUUID(), events: events.filter(() => random.chance(0.02)) })
    }
  }
}

/** Some people of some histories go, and what is old of others, in one call each. */
async function erase({ memory, driver }: Stores, histories: readonly History[]): Promise<void> {
  const erasures = histories.flatMap(({ erasure }) => (erasure === null ? [] : [erasure]))
  const selectors: readonly PurgeSelector[] = [
    ...erasures.map(({ id, project_id }) => ({ kind: 'person' as const, erasure_id: id, project_id })),
    ...histories.flatMap(({ project_id, expires }) =>
      expires === null ? [] : [{ kind: 'retention' as const, project_id, before: expires }],
    ),
  ]
  for (const store of [memory, driver]) {
    await store.noteErasures(erasures)
    await store.tracesOf(erasures.map(({ id }) => id))
    await store.purge(selectors)
  }
}

export async function insert(
  { memory, driver }: Stores,
  batch: { token: string; events: readonly StoredEvent[] },
): Promise<void> {
  await memory.insert(batch)
  await driver.insert(batch)
}

async function compareKnown(
  stores: Stores,
  histories: readonly History[],
  random: Random,
  phase: Phase,
): Promise<Mismatch[]> {
  const keys = histories
    .flatMap(({ batches, late }) => [...batches, ...late].flat())
    .filter(() => random.chance(0.1))
    .map(({ project_id, event_id }) => ({ project_id, event_id }))
  const expected = await stores.memory.known(keys)
  const actual = await stores.driver.known(keys)
  return histories.flatMap((history) => {
    const own = (found: ReadonlyMap<string, number>): [string, number][] =>
      [...found].filter(([name]) => name.startsWith(history.project_id)).sort(([a], [b]) => (a < b ? -1 : 1))
    const [wanted, got] = [own(expected), own(actual)]
    return alike(wanted, got) ? [] : [{ history, phase, plan: null, expected: wanted, actual: got }]
  })
}
