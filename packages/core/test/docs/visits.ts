import type { TrackEvent } from '@millimetric/schema/wire'

const DAY = 86_400_000
const MINUTE = 60_000
const LANDINGS = [
  'https://shop.test/?utm_source=google&utm_medium=cpc&utm_campaign=spring',
  'https://shop.test/blog/one?utm_source=newsletter&utm_medium=email',
  'https://shop.test/pricing',
] as const

/** Two weeks of a small shop up to `now`: 12 visitors, some of whom return, sign up and buy. */
export function visitsOfTwoWeeks(now: number): TrackEvent[] {
  const events: TrackEvent[] = []
  for (let visitor = 0; visitor < 12; visitor++) {
    const anonymous_id = `visitor-${visitor}`
    const user_id = `user-${visitor}`
    const add = (event: string, at: number, fields: Partial<TrackEvent> = {}): void => {
      events.push({
        event_id: `${anonymous_id}/${events.length}`,
        event,
        anonymous_id,
        timestamp: at,
        ...fields,
        properties: { customer: visitor % 2 === 0 ? 'acme' : 'globex', ...fields.properties },
      })
    }
    for (const back of [13, 6, 1].slice(visitor % 3)) {
      const start = now - back * DAY + visitor * 7 * MINUTE
      const landing = LANDINGS[(visitor + back) % LANDINGS.length]
      const referrer = visitor % 4 === 0 ? 'https://www.google.com/' : ''
      add('$pageview', start, { url: landing, ...(referrer === '' ? {} : { referrer }) })
      if (visitor % 2 === 0) add('$pageview', start + MINUTE, { url: 'https://shop.test/pricing' })
      if (visitor % 3 === 0 && back === 6) {
        add('signup', start + 2 * MINUTE, {
          user_id,
          properties: { plan: visitor % 2 === 0 ? 'pro' : 'free' },
        })
        add('$identify', start + 2 * MINUTE, { user_id, properties: { email_domain: 'shop.test' } })
        add('purchase', start + 9 * MINUTE, { user_id, properties: { price: 20 + visitor, currency: 'EUR' } })
      }
    }
  }
  // Somebody is there right now.
  events.push({
    event_id: 'now',
    event: '$pageview',
    anonymous_id: 'visitor-1',
    url: LANDINGS[2],
    timestamp: now - MINUTE,
    properties: { customer: 'globex' },
  })
  return events
}
