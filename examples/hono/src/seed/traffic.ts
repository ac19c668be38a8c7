import type { TrackEvent } from '@millimetric/schema/wire'
import { crawler, type Device, device } from './devices.js'
import { type Account, journey, type Step } from './journey.js'
import { type Random, random, weighted } from './random.js'
import { HOUR, SEED_DAYS, schedule } from './schedule.js'
import { type Arrival, arrival } from './sources.js'

const SEED = 20260516
const PEOPLE = 30_500
const CRAWLER_VISITS = 700
export const SEED_SITE = 'https://www.kestrel.example'

/** What the seeded month holds, on whatever day it is made: checked by a test, and against the store by another. */
export const SEED_TOTALS = {
  /** Events of people, without crawlers. */
  events: 202_733,
  visitors: 30_838,
  visits: 60_312,
  pageviews: 184_687,
  signups: 2_198,
  identifies: 2_536,
  users: 2_198,
  purchases: 694,
  revenue_cents: 2_540_600,
  bot_events: 6_909,
  bot_visitors: 700,
} as const

/** The month that ends with the hour of `now`: no seeded event lies in the future. */
export function seedRange(now: number): { from: number; to: number } {
  const to = Math.floor(now / HOUR) * HOUR
  return { from: to - SEED_DAYS * 24 * HOUR, to }
}

const VISITS = weighted<readonly [min: number, max: number]>([
  [[1, 1], 64],
  [[2, 2], 16],
  [[3, 3], 8],
  [[4, 6], 8],
  [[7, 12], 4],
])

/**
 * A month of traffic of a small software company, person after person. What people do depends on nothing but
 * the seed; only when they do it follows the calendar before `end`. Ids are the same in each run, so a
 * seeding that broke off is finished by running it again.
 */
export function* traffic(end: number): Generator<TrackEvent, void, undefined> {
  const times = schedule(end)
  for (let person = 0; person < PEOPLE; person += 1) {
    yield* visitsOf(person, random(SEED, person * 2), (visits) => times(random(SEED, person * 2 + 1), visits))
  }
  for (let visit = 0; visit < CRAWLER_VISITS; visit += 1) {
    const lane = (PEOPLE + visit) * 2
    yield* crawl(visit, random(SEED, lane), times(random(SEED, lane + 1), 1)[0] ?? end - HOUR)
  }
}

function* visitsOf(
  person: number,
  r: Random,
  scheduled: (visits: number) => number[],
): Generator<TrackEvent, void, undefined> {
  const [min, max] = VISITS(r)
  const times = scheduled(r.between(min, max))
  const devices: Visitor[] = [visitor(r, `p${person}`, r.chance(0.46))]
  const account: Account = { signedUp: false, customer: false }
  for (const [index, start] of times.entries()) {
    let [who] = devices
    // Some who have an account come back on a second device.
    if (account.signedUp && (devices.length > 1 ? r.chance(0.4) : r.chance(0.15))) {
      if (devices.length === 1) devices.push(visitor(r, `p${person}b`, !who?.device.mobile))
      who = devices[1]
    }
    if (!who) continue
    const how = arrival(r, index)
    const steps = journey(r, how, account, who.device.mobile)
    const user = account.signedUp ? `user_${String(person).padStart(5, '0')}` : undefined
    yield* toEvents(who, user, start, how, steps)
  }
}

interface Visitor {
  id: string
  name: string
  device: Device
  known: boolean
  count: number
}

function visitor(r: Random, name: string, mobile: boolean): Visitor {
  return { id: `u_${r.hex(16)}`, name, device: device(r, mobile), known: false, count: 0 }
}

function* toEvents(
  who: Visitor,
  user: string | undefined,
  start: number,
  how: Arrival,
  steps: readonly Step[],
): Generator<TrackEvent, void, undefined> {
  let at = start
  for (const [index, step] of steps.entries()) {
    at += step.after * 1000
    const query = index === 0 && how.query !== '' ? `?${how.query}` : ''
    const event: TrackEvent = {
      event: step.event,
      event_id: `seed-${who.name}-${who.count}`,
      timestamp: at,
      anonymous_id: who.id,
      url: `${SEED_SITE}${step.path}${query}`,
      path: step.path,
      properties: { $language: who.device.language, $viewport_w: who.device.viewport, ...step.properties },
      ip: who.device.ip,
      user_agent: who.device.userAgent,
    }
    who.count += 1
    // A page of one document keeps the referrer it was opened with.
    if (how.referrer !== '') event.referrer = how.referrer
    if (step.event === 'login' && !who.known) yield identifyOnNewDevice(event, who, user)
    if (step.event === 'login' || step.event === '$identify') who.known = true
    if (who.known && user !== undefined) event.user_id = user
    yield event
  }
}

/** A login on a device that nobody has signed in on links it to the account first. */
function identifyOnNewDevice(login: TrackEvent, who: Visitor, user: string | undefined): TrackEvent {
  const event: TrackEvent = {
    ...login,
    event: '$identify',
    event_id: `seed-${who.name}-${who.count}`,
    user_id: user,
  }
  who.count += 1
  return event
}

function* crawl(visit: number, r: Random, start: number): Generator<TrackEvent, void, undefined> {
  const who: Visitor = { id: `c_${r.hex(16)}`, name: `c${visit}`, device: crawler(r), known: false, count: 0 }
  const paths = ['/', '/docs', '/docs/api', '/pricing', '/blog', '/features', '/about', '/customers'] as const
  const steps = Array.from({ length: r.between(4, 16) }, (): Step => {
    return { event: '$pageview', path: r.pick(paths), after: r.between(1, 20), properties: {} }
  })
  yield* toEvents(who, undefined, start, { kind: 'direct', query: '', referrer: '' }, steps)
}
