import { randomUUID } from 'node:crypto'
import type { StoredEvent } from '@millimetric/core'
import { storedEvent } from '@millimetric/core/testing'
import { alike } from './alike.js'
import { insert, type Mismatch, type Stores } from './pack.js'
import { answer, type Question } from './questions.js'

type Batches = readonly (readonly StoredEvent[])[]

interface Story {
  readonly batches: Batches
  /** Comes after twins have been removed; null when nobody removes any. */
  readonly late: Batches | null
}

interface Failure {
  readonly story: Story
  readonly expected: unknown
  readonly actual: unknown
}

// With upkeep an attempt costs seconds.
const MOST_ATTEMPTS = { plain: 400, upkeep: 80 } as const

/** The same mismatch with as few events as possible, as text; not each can be made again by its project alone. */
export async function describeMismatch(stores: Stores, mismatch: Mismatch): Promise<string> {
  const { history, phase, plan } = mismatch
  const late = phase === 'after late events' || phase === 'after erasures' ? history.late : []
  const stories: Story[] = [
    { batches: [...history.batches, ...late], late: null },
    ...(phase === 'as they came' ? [] : [{ batches: history.batches, late }]),
  ]
  let small: Failure | undefined
  for (const story of plan === null ? [] : stories) {
    small ??= plan === null ? undefined : await shrink(stores, story, plan)
  }
  const { expected, actual } = small ?? mismatch
  const goes = JSON.stringify([history.erasure, history.expires])
  const told =
    small === undefined
      ? { batches: `made again only by the whole pack, not without ${goes}` }
      : {
          batches: briefs(small.story.batches),
          late: briefs(small.story.late ?? []),
          upkeep: small.story.late !== null,
        }
  const lines = Object.entries({
    seed: history.seed,
    phase,
    zone: history.zone,
    plan,
    expected,
    actual,
    ...told,
  })
  return lines.map(([name, value]) => `${name}: ${text(value)}`).join('\n')
}

function text(value: unknown): string {
  return Array.isArray(value)
    ? value.map((item) => `\n  ${JSON.stringify(item)}`).join('')
    : JSON.stringify(value)
}

async function shrink(stores: Stores, story: Story, plan: Question): Promise<Failure | undefined> {
  let smallest = await attempt(stores, story, plan)
  if (smallest === undefined) return undefined
  let left = story.late === null ? MOST_ATTEMPTS.plain : MOST_ATTEMPTS.upkeep
  for (let size = eventsOf(story).length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < eventsOf(smallest.story).length && left > 0; left--) {
      const dropped = new Set(eventsOf(smallest.story).slice(at, at + size))
      const without = (batches: Batches): Batches =>
        batches.map((batch) => batch.filter((event) => !dropped.has(event)))
      const { batches, late } = smallest.story
      const rest = { batches: without(batches), late: late === null ? null : without(late) }
      const failure: Failure | undefined = await attempt(stores, rest, plan)
      if (failure === undefined) at += size
      else smallest = failure
    }
  }
  return smallest
}

function eventsOf({ batches, late }: Story): StoredEvent[] {
  return [...batches, ...(late ?? [])].flat()
}

async function attempt(stores: Stores, story: Story, plan: Question): Promise<Failure | undefined> {
  const project_id = randomUUID()
  const tell = async (batches: Batches): Promise<void> => {
    for (const batch of batches) {
      const events = batch.map((event) => ({ ...event, project_id }))
      if (events.length > 0) await insert(stores, { token: randomUUID(), events })
    }
  }
  await tell(story.batches)
  if (story.late !== null) {
    await stores.memory.removeTwins()
    await stores.driver.removeTwins()
    await tell(story.late)
  }
  const own = { ...plan, project_id }
  const { facts: expected } = await answer(stores.memory, own)
  const { facts: actual } = await answer(stores.driver, own).catch((error: unknown) => ({
    facts: String(error),
  }))
  return alike(actual, expected) ? undefined : { story, expected, actual }
}

function briefs(batches: Batches): object[][] {
  return batches.filter((batch) => batch.length > 0).map((batch) => batch.map(brief))
}

/** What differs from a plain event. */
function brief(event: StoredEvent): object {
  const { event_id, timestamp, anonymous_id } = event
  const plain = new Map<string, unknown>(Object.entries(storedEvent({ event_id, timestamp, anonymous_id })))
  const shown = new Set(['event_id', 'timestamp', 'received_at', 'anonymous_id'])
  const hidden = new Set(['project_id', 'body_hash'])
  return Object.fromEntries(
    Object.entries(event).filter(
      ([name, value]) => shown.has(name) || (!hidden.has(name) && plain.get(name) !== value),
    ),
  )
}
