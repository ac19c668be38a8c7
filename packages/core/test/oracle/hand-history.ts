import type { StoredEvent } from '@millimetric/core'
import { storedEvent } from '@millimetric/core/testing'

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 1440 * MINUTE
/** Thirty days that are no month: compared with the thirty before. */
const TO = Date.UTC(2026, 4, 2)

const SOURCES = [
  { source: 'google', medium: 'paid', channel: 'paid_search' },
  { source: 'news', medium: 'email', channel: 'email' },
  { source: 'direct', medium: 'direct', channel: 'direct' },
] as const

/**
 * A history that says something to every question of the bench, told by no dice: visits of some weeks with signups and
 * purchases, a user with two devices, and somebody who is there at the end.
 */
export function plainHistory(): {
  range: { from: number; to: number }
  tell(project_id: string): StoredEvent[][]
} {
  return { range: { from: TO - 30 * DAY, to: TO }, tell: (project) => [visits(project)] }
}

function visits(project_id: string): StoredEvent[] {
  const events: StoredEvent[] = []
  const add = (anonymous_id: string, timestamp: number, fields: Partial<StoredEvent>): void => {
    const event_id = `plain-${events.length}`
    events.push(storedEvent({ project_id, event_id, anonymous_id, timestamp, ...fields }))
  }
  for (let visitor = 0; visitor < 8; visitor++) {
    const anonymous_id = `plain-v${visitor}`
    const from = { country: visitor % 2 === 0 ? 'DE' : 'FR', device_type: 'mobile' }
    for (const back of [42, 25, 17, 9, 0.01].slice(visitor % 3)) {
      const at = TO - back * DAY + visitor * SECOND
      const touch = SOURCES[(visitor + Math.ceil(back)) % SOURCES.length]
      add(anonymous_id, at, { ...from, ...touch, path: '/' })
      add(anonymous_id, at + MINUTE, { ...from, path: '/p5' })
      add(anonymous_id, at + 2 * MINUTE, { ...from, path: `/p${visitor % 3}` })
      if (back === 25 || visitor === 2) add(anonymous_id, at + 3 * MINUTE, { ...from, event_name: 'signup' })
      if (back !== 17 && visitor < 6) continue
      const properties = JSON.stringify({ plan: visitor % 2 === 0 ? 'pro' : 'free', price: 10 + visitor / 4 })
      add(anonymous_id, at + 5 * MINUTE, { ...from, event_name: 'purchase', properties })
    }
  }
  const identify = { event_name: '$identify', user_id: 'u5', url: '', path: '', properties: '{"name":"Ann"}' }
  add('plain-v0', TO - 20 * DAY, identify)
  add('plain-v3', TO - 12 * DAY, identify)
  add('', TO - 5 * DAY, { user_id: 'u5', session_id: '', event_name: 'signup' })
  return events
}
