import type { StoredEvent } from '@millimetric/core'
import { storedEvent } from '@millimetric/core/testing'
import type { ErasureRequest } from '../../src/ports/erasure-store.js'
import { createRandom, type Random } from './random.js'
import { makeProperties } from './random-conditions.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HALF_HOUR = 30 * MINUTE
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const ZONES = [
  'UTC',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
] as const

/**
 * Moments around which things go wrong: changes of the clock, midnights, ends of months, an edge of nothing. By season,
 * because a table has a partition a month and every partition costs the engine time: a pack keeps to one season.
 */
const ANCHORS: { readonly [Z in (typeof ZONES)[number]]: readonly (readonly number[])[] } = {
  UTC: [[Date.UTC(2026, 3, 1), Date.UTC(2026, 3, 16, 12, 7, 3, 21)], [Date.UTC(2026, 10, 1)]],
  'America/New_York': [
    [Date.UTC(2026, 2, 8, 7), Date.UTC(2026, 3, 1, 4)],
    [Date.UTC(2026, 10, 1, 6), Date.UTC(2026, 10, 1, 4)],
  ],
  'Asia/Kathmandu': [[Date.UTC(2026, 3, 16, 18, 15)], [Date.UTC(2026, 9, 31, 18, 15)]],
  'Australia/Lord_Howe': [[Date.UTC(2026, 3, 4, 15)], [Date.UTC(2026, 9, 3, 15, 30)]],
  'Pacific/Chatham': [[Date.UTC(2026, 3, 4, 14)], [Date.UTC(2026, 8, 26, 14)]],
}

export const SEASONS = 2

/** What one project lived through. */
export interface History {
  readonly seed: number
  readonly project_id: string
  readonly zone: string
  readonly anchor: number
  /** Batches in order of arrival, no id twice in one; the same row or a twin of it may be in several. */
  readonly batches: readonly (readonly StoredEvent[])[]
  /** Batches that come when rollups have been built. */
  readonly late: readonly (readonly StoredEvent[])[]
  /** Who is erased at last. */
  readonly erasure: ErasureRequest | null
  /** What is older than this moment goes at last; a whole half hour. */
  readonly expires: number | null
}

export const ROUNDS = 4
export const LATE_ROUNDS = 2

export function projectOf(seed: number): string {
  return `00000000-0000-4000-8000-${(seed >>> 0).toString(16).padStart(12, '0')}`
}

export function makeHistory(seed: number, projectId: string = projectOf(seed)): History {
  const random = createRandom(seed)
  const zone = random.pick(ZONES)
  const anchor = random.pick(ANCHORS[zone][seed % SEASONS] ?? [])
  const times = random.chance(0.15) ? longChain(random, anchor) : walks(random, anchor)
  const events = times.map((timestamp, n) => makeEvent(random, projectId, `e${n}`, timestamp))
  const rows = [
    ...events,
    ...twinsOf(random, events),
    ...(random.chance(0.3) ? events.filter(() => random.chance(0.15)) : []),
  ]
  return {
    seed,
    project_id: projectId,
    zone,
    anchor,
    ...spread(random, rows),
    erasure: random.chance(0.5) ? makeErasure(random, projectId, anchor, random.pick(events)) : null,
    expires: random.chance(0.2) ? nearestHalfHour(anchor + random.int(-2 * DAY, 2 * DAY)) : null,
  }
}

function makeErasure(
  random: Random,
  project_id: string,
  anchor: number,
  { user_id, anonymous_id }: StoredEvent,
): ErasureRequest {
  const byUser = anonymous_id === '' || (user_id !== '' && random.chance(0.7))
  const ids = byUser ? { user_id, anonymous_id: '' } : { user_id: '', anonymous_id }
  const until = anchor + (random.chance(0.5) ? 30 * DAY : random.int(-2 * DAY, 2 * DAY))
  return { id: project_id, project_id, ...ids, until }
}

function nearestHalfHour(ms: number): number {
  return Math.round(ms / HALF_HOUR) * HALF_HOUR
}

/** Visits that begin somewhere near the anchor and go on by steps that are edges of a session or of a half hour. */
function walks(random: Random, anchor: number): number[] {
  const times: number[] = []
  for (let walk = random.int(1, 8); walk > 0; walk--) {
    let at = anchor + random.int(-2 * DAY, 2 * DAY)
    if (random.chance(0.4)) at = anchor + random.int(-HOUR, HOUR)
    if (random.chance(0.3)) at = nearestHalfHour(at) + random.int(-1, 1)
    for (let left = random.int(1, 8); left > 0; left--) {
      times.push(at)
      at += random.pick([
        0,
        1,
        random.int(0, MINUTE),
        random.int(0, 20 * MINUTE),
        random.int(20 * MINUTE, 40 * MINUTE),
        HALF_HOUR - 1,
        HALF_HOUR,
        HALF_HOUR,
        HALF_HOUR + 1,
        random.int(0, 5 * HOUR),
        DAY,
      ])
      if (random.chance(0.1)) at = Math.ceil(at / HALF_HOUR) * HALF_HOUR - random.int(0, 1)
    }
  }
  return times
}

/** Longer than the longest session. */
function longChain(random: Random, anchor: number): number[] {
  const times: number[] = []
  let at = anchor - random.int(0, 30 * HOUR)
  for (let left = random.int(50, 90); left > 0; left--) {
    times.push(at)
    at += random.chance(0.03) ? random.int(HALF_HOUR, HOUR) : random.int(10 * MINUTE, HALF_HOUR)
  }
  return times
}

function halfHourOf(ms: number): number {
  return Math.floor(ms / HALF_HOUR)
}

function makeEvent(random: Random, project_id: string, event_id: string, timestamp: number): StoredEvent {
  const user_id = random.pick(['', '', '', '42', 'u', 'ü', '\u{1F642}'])
  const anonymous_id = random.pick([
    'a',
    'a',
    'b',
    'c',
    '42',
    'a-1',
    '\uFF21',
    ...(user_id === '' ? [] : ['', '']),
  ])
  const half = halfHourOf(timestamp)
  const derived = anonymous_id === '' ? '' : `${anonymous_id}-${half}`
  const session_id = random.chance(0.75)
    ? derived
    : random.pick(['call', 'call', 'é', `a-${half}`, `${anonymous_id}-${half - 1}`, `-${half}`, ''])
  const event_name = random.pick([
    '$pageview',
    '$pageview',
    '$pageview',
    'signup',
    'é',
    '$identify',
    '$identify',
  ])
  return storedEvent({
    project_id,
    event_id: random.chance(0.1)
      ? `${event_id}-\u{1F642}`
      : random.chance(0.1)
        ? `${event_id}-\uFF21`
        : event_id,
    event_name,
    timestamp,
    received_at: timestamp + random.pick([0, 0, 1, random.int(-DAY, DAY), random.int(0, 1000)]),
    seq: random.int(0, 2),
    body_hash: random.int(0, Number.MAX_SAFE_INTEGER),
    anonymous_id,
    user_id,
    session_id,
    url: random.chance(0.8) ? 'https://site.test/' : '',
    path: random.pick(['/', '/a', '/ü', '']),
    hostname: random.pick(['site.test', 'b.test']),
    referrer_host: random.pick(['', 'www.google.com']),
    source: random.pick(['google', 'facebook', 'direct', "o'hara", '\uFF21', '\u{1F642}']),
    medium: random.pick(['paid', 'organic', 'direct']),
    campaign: random.pick(['', 'spring']),
    term: random.pick(['', '', 'shoes']),
    content: random.pick(['', 'a', 'ü']),
    properties: makeProperties(random),
    channel: random.pick(['direct', 'organic_search', 'paid_social']),
    country: random.pick(['DE', 'FR', '']),
    device_type: random.pick(['desktop', 'mobile']),
    browser: random.pick(['firefox', 'chrome']),
    os: random.pick(['linux', 'ios']),
    is_bot: random.chance(0.1),
  })
}

/** Rows of the same ids that another process stored in the same instant: other times, sometimes another body. */
function twinsOf(random: Random, events: readonly StoredEvent[]): StoredEvent[] {
  if (random.chance(0.6)) return []
  return events
    .filter(() => random.chance(0.15))
    .map((event) => {
      const other = random.chance(0.3)
        ? makeEvent(random, event.project_id, event.event_id, event.timestamp)
        : event
      // A tie of both times is told by nothing that the port knows of.
      const received_at = event.received_at + random.pick([-1, 1, 5, random.int(1, HOUR)])
      const timestamp =
        event.timestamp + random.pick([0, received_at - event.received_at, random.int(-HOUR, HOUR)])
      const derived =
        event.anonymous_id !== '' &&
        event.session_id === `${event.anonymous_id}-${halfHourOf(event.timestamp)}`
      const session_id =
        derived && other === event ? `${event.anonymous_id}-${halfHourOf(timestamp)}` : other.session_id
      return { ...other, event_id: event.event_id, received_at, timestamp, session_id }
    })
}

/** Every row into some batch, in no order, no id twice in a batch. */
function spread(random: Random, rows: readonly StoredEvent[]): Pick<History, 'batches' | 'late'> {
  const count = ROUNDS + LATE_ROUNDS
  const batches: StoredEvent[][] = Array.from({ length: count }, () => [])
  const last = random.chance(0.5) ? count : ROUNDS
  for (const row of random.shuffle(rows)) {
    const free = batches
      .slice(0, last)
      .filter((batch) => !batch.some(({ event_id }) => event_id === row.event_id))
    if (free.length > 0) random.pick(free).push(row)
  }
  return { batches: batches.slice(0, ROUNDS), late: batches.slice(ROUNDS) }
}
