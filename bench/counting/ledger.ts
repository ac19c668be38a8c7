import { createRandom } from '../../packages/core/test/oracle/random.js'
import { DAY, UNTIL } from './fill.js'

const DAYS = 30
export const FROM: number = UNTIL - DAYS * DAY
export const STEPS = ['product_viewed', 'added_to_cart', 'purchased'] as const
export const FUNNEL_WINDOW_MS = DAY
const HALF_HOUR = 1_800_000
const RESENT = 0.05

export interface PlannedEvent {
  readonly event_id: string
  readonly event: string
  readonly anonymous_id: string
  /** When it happens; the client says so with `stamped`, else the server makes the time of its arrival. */
  readonly at: number
  readonly stamped: boolean
}

export interface Send {
  readonly event: PlannedEvent
  readonly at: number
  /** Which of three writers gets it: a client that sends again reaches another. */
  readonly writer: 0 | 1 | 2
}

/**
 * Visits of a month by a fixed seed, in the order of sending: half of them one event by a pixel without a clock, the
 * others two to nine. Of 20 events one is sent again, at once or up to a day later.
 */
export function planSends(events: number): { sends: Send[]; resends: number } {
  const random = createRandom(20_260_516)
  const sends: Send[] = []
  let resends = 0
  for (let made = 0; made < events; ) {
    const anonymous_id = `v${random.int(1, Math.ceil(events / 10))}`
    const wanted = random.chance(0.5) ? 1 : random.int(2, 9)
    let at = FROM + random.int(0, DAYS * DAY - 9 * 120_000)
    const stamped = wanted > 1
    for (let place = 0; place < wanted && made < events; place++) {
      const event = { event_id: `e${made++}`, event: nameOf(place, random.next()), anonymous_id, at, stamped }
      const writer = writerAt(random.int(0, 2))
      sends.push({ event, at, writer })
      if (random.chance(RESENT)) {
        resends += 1
        const later = random.chance(0.5) ? random.int(0, 2000) : random.int(0, DAY)
        sends.push({ event, at: at + later, writer: writerAt(writer + random.int(1, 2)) })
      }
      at += random.int(5000, 120_000)
    }
  }
  return { sends: sends.sort((a, b) => a.at - b.at), resends }
}

function writerAt(place: number): 0 | 1 | 2 {
  const writer = place % 3
  return writer === 0 ? 0 : writer === 1 ? 1 : 2
}

function nameOf(place: number, dice: number): string {
  if (place === 0 || dice < 0.4) return '$pageview'
  return dice < 0.75 ? STEPS[0] : dice < 0.93 ? STEPS[1] : STEPS[2]
}

interface Counted {
  readonly at: number
  readonly event: string
}

export interface LedgerAnswers {
  readonly count: number
  readonly uniques: number
  readonly byName: Readonly<Record<string, number>>
  readonly days: readonly { readonly count: number; readonly uniques: number }[]
  readonly sessions: readonly [sessions: number, bounceRate: number, seconds: number, views: number]
  readonly funnel: readonly number[]
}

/** What was sent, each event once, counted by plain loops: nothing of the product is used. */
export interface Ledger {
  /** Only the first arrival of an event counts; `arrived` is its time when it has none of its own. */
  note(event: PlannedEvent, arrived: number): void
  answers(): LedgerAnswers
}

export function createLedger(): Ledger {
  const seen = new Set<string>()
  const visitors = new Map<string, Counted[]>()
  return {
    note({ event_id, event, anonymous_id, at, stamped }, arrived) {
      if (seen.has(event_id)) return
      seen.add(event_id)
      const counted = { event, at: stamped ? at : arrived }
      const own = visitors.get(anonymous_id)
      if (own === undefined) visitors.set(anonymous_id, [counted])
      else own.push(counted)
    },
    answers() {
      for (const own of visitors.values()) own.sort((a, b) => a.at - b.at)
      const days = Array.from({ length: DAYS }, () => ({ count: 0, visitors: new Set<string>() }))
      const byName: Record<string, number> = {}
      for (const [visitor, own] of visitors) {
        for (const { event, at } of own) {
          byName[event] = (byName[event] ?? 0) + 1
          const day = days[Math.floor((at - FROM) / DAY)]
          if (day === undefined) throw new RangeError('An event lies outside of the month.')
          day.count += 1
          day.visitors.add(visitor)
        }
      }
      return {
        count: seen.size,
        uniques: visitors.size,
        byName,
        days: days.map((day) => ({ count: day.count, uniques: day.visitors.size })),
        sessions: countSessions(visitors.values()),
        funnel: STEPS.map((_, step) => {
          let reached = 0
          for (const own of visitors.values()) if (depthOf(own) > step) reached += 1
          return reached
        }),
      }
    },
  }
}

function countSessions(visitors: Iterable<readonly Counted[]>): LedgerAnswers['sessions'] {
  let [sessions, bounces, milliseconds, views] = [0, 0, 0, 0]
  for (const own of visitors) {
    let first = 0
    for (let next = 1; next <= own.length; next++) {
      const [last, following] = [own[next - 1], own[next]]
      if (last === undefined) continue
      if (following !== undefined && following.at - last.at <= HALF_HOUR) continue
      const session = own.slice(first, next)
      sessions += 1
      milliseconds += last.at - (session[0]?.at ?? last.at)
      const seen = session.filter(({ event }) => event === '$pageview').length
      views += seen
      if (seen === 1 && session.length === 1) bounces += 1
      first = next
    }
  }
  return [sessions, bounces / sessions, milliseconds / 1000 / sessions, views / sessions]
}

/** How many steps the longest chain of a visitor has. */
function depthOf(own: readonly Counted[]): number {
  let deepest = 0
  for (const [start, { event, at }] of own.entries()) {
    if (event !== STEPS[0]) continue
    let depth = 1
    for (const next of own.slice(start + 1)) {
      if (next.at - at > FUNNEL_WINDOW_MS) break
      if (next.event === STEPS[depth]) depth += 1
    }
    deepest = Math.max(deepest, depth)
  }
  return deepest
}
