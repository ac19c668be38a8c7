import { type Analytics, createAnalytics, type Diagnostic, type KeyStore } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterEach, describe, expect, it } from 'vitest'

const NOW = Date.parse('2026-05-16T23:29:00Z')
const ORIGIN = 'https://p.test'
const open: Analytics[] = []
const gates: (() => void)[] = []
afterEach(async () => {
  for (const release of gates.splice(0)) release()
  for (const analytics of open.splice(0)) await analytics.close()
})

type Mood = 'well' | 'refuses' | 'hangs'
interface State {
  now: number
  mood: Mood
}

/** The memory store behind a connection that can refuse and hang, whatever is called. */
function moodyKeys(state: State): KeyStore {
  return new Proxy(memoryKeys(), {
    get(stored, name) {
      const value: unknown = Reflect.get(stored, name)
      if (typeof value !== 'function' || name === 'close') return value
      return async (...args: unknown[]): Promise<unknown> => {
        if (state.mood === 'refuses') throw new Error('connect ECONNREFUSED')
        if (state.mood === 'hangs') {
          await new Promise<void>((release) => gates.push(release))
          throw new Error('terminated')
        }
        return await Reflect.apply(value, stored, args)
      }
    },
  })
}

function start(): { analytics: Analytics; state: State; diagnostics: Diagnostic[] } {
  const state: State = { now: NOW, mood: 'well' }
  const diagnostics: Diagnostic[] = []
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: moodyKeys(state),
    delivery: { flushIntervalMs: 0 },
    plans: { default: { eventsPerMonth: 1_000 } },
    clock: () => state.now,
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
  })
  open.push(analytics)
  return { analytics, state, diagnostics }
}

async function status(
  analytics: Analytics,
  path: string,
  key: string,
  { origin, body }: { origin?: string; body?: string } = {},
): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, ...(origin === undefined ? {} : { origin }) }
  const request = new Request(`http://x${path}`, {
    headers,
    ...(body === undefined ? {} : { method: 'POST', body }),
  })
  const answer = await analytics.handler(request)
  await answer.text()
  return answer.status
}

const EVENT = '{"event":"e","anonymous_id":"a"}'

describe.each(['refuses', 'hangs'] as const)('when the database %s', (mood) => {
  it('for an hour over midnight, known keys go on and lose no event; unknown ones get 503 and are not refused', async () => {
    const { analytics, state, diagnostics } = start()
    const { project, keys } = await analytics.projects.create({ slug: 'p', allowed_origins: [ORIGIN] })
    const fresh = await analytics.keys.create({ project_id: project.id, kind: 'sk' })
    const send = async (): Promise<number[]> => [
      await status(analytics, '/v1/track', keys.pk, { origin: ORIGIN, body: EVENT }),
      await status(analytics, '/v1/track', keys.sk, { body: EVENT }),
      await status(analytics, '/v1/stats?range=7d', keys.rk),
      (await analytics.track({ event: 'e', anonymous_id: 'a' })).ok ? 202 : 500,
    ]
    expect(await send()).toEqual([202, 202, 200, 202])
    state.mood = mood
    for (const minutes of [20, 40, 59]) {
      state.now = NOW + minutes * 60_000
      expect(await send()).toEqual([202, 202, 200, 202])
    }
    const unknown = await Promise.all([
      status(analytics, '/v1/track', fresh.secret, { body: EVENT }),
      status(analytics, '/v1/stats?range=7d', fresh.secret),
      status(analytics, '/v1/track', `sk_live_00000000_${'A'.repeat(43)}`, { body: EVENT }),
    ])
    expect(unknown).toEqual([503, 503, 503])
    state.mood = 'well'
    state.now += 5_000
    for (const release of gates.splice(0)) release()
    expect(await status(analytics, '/v1/track', fresh.secret, { body: EVENT })).toBe(202)
    expect((await analytics.query({ range: '7d' })).rows).toHaveLength(4 * 3 + 1)
    const told = diagnostics.filter(({ kind }) => kind === 'key_store_failed').length
    expect(told).toBeGreaterThan(2)
    expect(told).toBeLessThan(25)
    expect(diagnostics.some(({ kind }) => kind === 'events_not_stored')).toBe(false)
  })

  it('from the start, the host starts, serves what needs no database, and works once it is back', async () => {
    const { analytics, state } = start()
    state.mood = mood
    expect(await status(analytics, '/healthz', 'none')).toBe(200)
    expect(await status(analytics, '/v1/track', `sk_live_00000000_${'A'.repeat(43)}`, { body: EVENT })).toBe(
      503,
    )
    expect(await analytics.track({ event: 'e', anonymous_id: 'a' })).toMatchObject({ ok: false })
    state.mood = 'well'
    state.now += 5_000
    const { keys } = await analytics.projects.create({ slug: 'p' })
    expect(await status(analytics, '/v1/track', keys.sk, { body: EVENT })).toBe(202)
  })
})
