import type { TrackEvent } from '@millimetric/schema/wire'
import { describe, expect, it } from 'vitest'
import { HOUR, REST } from '../src/seed/schedule.js'
import { SEED_TOTALS, seedRange, traffic } from '../src/seed/traffic.js'

const BOT = /bot/i

function totals(events: readonly TrackEvent[]): Record<keyof typeof SEED_TOTALS, number> {
  const people = events.filter((event) => !BOT.test(event.user_agent ?? ''))
  const bots = events.filter((event) => BOT.test(event.user_agent ?? ''))
  const named = (name: string): TrackEvent[] => people.filter(({ event }) => event === name)
  const distinct = (list: readonly TrackEvent[], key: 'anonymous_id' | 'user_id'): number =>
    new Set(list.map((event) => event[key]).filter((id) => id !== undefined)).size
  return {
    events: people.length,
    visitors: distinct(people, 'anonymous_id'),
    visits: visitsOf(people).length,
    pageviews: named('$pageview').length,
    signups: named('signup').length,
    identifies: named('$identify').length,
    users: distinct(people, 'user_id'),
    purchases: named('purchase').length,
    revenue_cents: named('purchase').reduce((sum, event) => sum + Number(event.properties?.amount_cents), 0),
    bot_events: bots.length,
    bot_visitors: distinct(bots, 'anonymous_id'),
  }
}

/** First and last event time of each 30-minute-idle visit, per visitor. */
function visitsOf(events: readonly TrackEvent[]): { id: string; first: number; last: number }[] {
  const times = new Map<string, number[]>()
  for (const event of events) {
    const id = String(event.anonymous_id)
    const list = times.get(id) ?? []
    list.push(Number(event.timestamp))
    times.set(id, list)
  }
  const visits: { id: string; first: number; last: number }[] = []
  for (const [id, list] of times) {
    let open: { id: string; first: number; last: number } | undefined
    for (const time of list.sort((a, b) => a - b)) {
      if (open && time - open.last <= HOUR / 2) {
        open.last = time
        continue
      }
      open = { id, first: time, last: time }
      visits.push(open)
    }
  }
  return visits
}

const NOW = Date.UTC(2026, 4, 16, 19, 23, 7)
const { from, to } = seedRange(NOW)
const events = [...traffic(to)]

describe('the seeded month', () => {
  it('has the totals it promises', () => {
    expect(totals(events)).toEqual(SEED_TOTALS)
    expect(SEED_TOTALS.events).toBeGreaterThanOrEqual(200_000)
    expect(SEED_TOTALS.visitors).toBeGreaterThanOrEqual(20_000)
  })

  it.each([Date.UTC(2025, 0, 1), Date.UTC(2027, 11, 27, 5), Date.UTC(2028, 1, 29, 23, 59, 59)])(
    'has the same totals and ids at %d',
    (now) => {
      const other = [...traffic(seedRange(now).to)]
      expect(totals(other)).toEqual(SEED_TOTALS)
      expect(other.map(({ event_id }) => event_id)).toEqual(events.map(({ event_id }) => event_id))
    },
  )

  it('is the same for the same hour', () => {
    expect(seedRange(NOW + 60_000)).toEqual({ from, to })
    const again = traffic(to)
    for (const event of events.slice(0, 5000)) expect(again.next().value).toEqual(event)
  })

  it('gives each event an id of its own and a time inside the month', () => {
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length)
    for (const { timestamp } of events) {
      if (Number(timestamp) < from || Number(timestamp) >= to) expect.fail(`${timestamp} outside`)
    }
  })

  it('lets visitors rest between visits, so that no date can merge two sessions', () => {
    const visits = visitsOf(events)
    for (const [i, visit] of visits.entries()) {
      const next = visits[i + 1]
      if (next?.id === visit.id) expect(next.first - visit.first).toBeGreaterThanOrEqual(REST)
    }
  })

  it('follows the day and the week', () => {
    const weekday = new Array<number>(7).fill(0)
    const hour = new Array<number>(24).fill(0)
    // Four whole weeks, so that each weekday counts alike.
    for (const { timestamp } of events) {
      if (Number(timestamp) < to - 28 * 24 * HOUR) continue
      const at = new Date(Number(timestamp))
      weekday[at.getUTCDay()] = (weekday[at.getUTCDay()] ?? 0) + 1
      hour[at.getUTCHours()] = (hour[at.getUTCHours()] ?? 0) + 1
    }
    expect(Math.max(...weekday) / Math.min(...weekday)).toBeGreaterThan(1.5)
    expect(Math.max(...hour) / Math.min(...hour)).toBeGreaterThan(4)
    expect(weekday[2]).toBeGreaterThan(weekday[6] ?? 0)
  })

  it('looks like people: they return, sign up in order, use phones and several devices', () => {
    expect(SEED_TOTALS.visits / SEED_TOTALS.visitors).toBeGreaterThan(1.4)
    const started = events.filter(({ event }) => event === 'signup_started').length
    expect(started).toBeGreaterThan(SEED_TOTALS.signups)
    expect(SEED_TOTALS.signups).toBeGreaterThan(SEED_TOTALS.purchases)
    expect(SEED_TOTALS.purchases).toBeGreaterThan(300)
    expect(SEED_TOTALS.identifies).toBeGreaterThan(SEED_TOTALS.users)
    const mobile = events.filter(({ user_agent }) => /Mobile|iPad|Android/.test(user_agent ?? '')).length
    expect(mobile / events.length).toBeGreaterThan(0.25)
    expect(mobile / events.length).toBeLessThan(0.6)
  })

  it('uses addresses of the documentation ranges only', () => {
    const documentation = /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$|^2001:db8:/
    for (const { ip } of events) if (!documentation.test(ip ?? '')) expect.fail(`${ip} is not reserved`)
  })
})
