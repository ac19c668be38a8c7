import type { TrackEvent } from '@millimetric/schema/wire'
import { type Device, device } from '../../hono/src/seed/devices.js'
import { type Account, journey } from '../../hono/src/seed/journey.js'
import { type Random, random } from '../../hono/src/seed/random.js'
import { type Arrival, arrival } from '../../hono/src/seed/sources.js'

const SEED = 20260601
const DAY = 86_400_000
const PEOPLE = 5000
const DAYS = 180
const HERE_NOW = 9

export const SITE_URL = 'https://www.kestrel.example'

/**
 * Months of a small company that grows: people come, most once, some again in the weeks after. What they do is
 * the same in each run and moves with `now`. The last ones are there at this moment.
 */
export function* traffic(now: number): Generator<TrackEvent, void, undefined> {
  for (let person = 0; person < PEOPLE; person += 1) {
    const r = random(SEED, person)
    // The square root makes later days likelier: twice as many people at the end as in the middle.
    const first = now - DAYS * DAY + Math.sqrt(0.12 + 0.88 * r.next()) * DAYS * DAY
    yield* visits(r, person, first, now)
  }
  for (let guest = 0; guest < HERE_NOW; guest += 1) {
    const r = random(SEED, PEOPLE + guest)
    const who = { id: `next-now-${guest}`, device: device(r, r.chance(0.46)) }
    const how = arrival(r, 0)
    yield pageview(who, how, r.pick(['/', '/pricing', '/docs', '/features']), now - r.between(5, 200) * 1000)
  }
}

interface Visitor {
  id: string
  device: Device
}

function* visits(
  r: Random,
  person: number,
  first: number,
  now: number,
): Generator<TrackEvent, void, undefined> {
  const who = { id: `next-${person}`, device: device(r, r.chance(0.46)) }
  const account: Account = { signedUp: false, customer: false }
  let count = 0
  let known = false
  // Each return is less likely for those without an account, and comes some days later.
  for (let visit = 0, day = first; visit < 24; visit += 1) {
    const at = inWakingHours(r, day)
    if (at > now - 3_600_000) return
    const how = arrival(r, visit)
    const steps = journey(r, how, account, who.device.mobile)
    let time = at
    for (const [index, step] of steps.entries()) {
      time += step.after * 1000
      if (step.event === '$identify' || step.event === 'login') known = true
      yield {
        ...pageview(who, how, step.path, time, index === 0),
        event: step.event,
        event_id: `next-${person}-${count}`,
        properties: step.properties,
        ...(known ? { user_id: `user_${person}` } : {}),
      }
      count += 1
    }
    if (!r.chance(account.signedUp ? 0.86 : 0.34)) return
    day += r.between(account.signedUp ? 2 : 4, account.signedUp ? 9 : 16) * DAY
  }
}

function pageview(who: Visitor, how: Arrival, path: string, timestamp: number, landing = true): TrackEvent {
  const query = landing && how.query !== '' ? `?${how.query}` : ''
  return {
    event: '$pageview',
    event_id: `${who.id}-${timestamp}`,
    timestamp,
    anonymous_id: who.id,
    url: `${SITE_URL}${path}${query}`,
    path,
    ip: who.device.ip,
    user_agent: who.device.userAgent,
    ...(how.referrer === '' ? {} : { referrer: how.referrer }),
  }
}

/** Another time of the same day: few people at night, and half of the weekend's come in the week after it. */
function inWakingHours(r: Random, day: number): number {
  const date = new Date(day)
  const weekday = date.getUTCDay()
  const weekend = weekday === 6 || weekday === 0
  const shift = weekend && r.chance(0.45) ? r.between(1, 5) + (weekday === 6 ? 1 : 0) : 0
  const hour = r.pick([6, 7, 8, 9, 9, 10, 10, 11, 12, 13, 13, 14, 14, 15, 16, 17, 18, 19, 20, 21, 22])
  return (
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + shift, hour) +
    r.between(0, 3_599_999)
  )
}

const COUNTRIES = [
  ...['US', 'US', 'US', 'US', 'US', 'US', 'DE', 'DE', 'DE', 'GB', 'GB', 'GB', 'FR', 'FR', 'BR', 'BR'],
  ...['NL', 'ES', 'ES', 'IN', 'IN', 'CA', 'SE', 'JP', 'PL', 'IT', ''],
]

/** A country for an address of the documentation ranges, which has none. */
export function countryOf(ip: string): string {
  let hash = 7
  for (const letter of ip) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0
  return COUNTRIES[hash % COUNTRIES.length] ?? ''
}
