import { createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { expect, it } from 'vitest'

const NOW = Date.parse('2026-05-16T23:30:00Z')
const PROJECTS = {
  york: { origin: 'https://york.test', burst: 40, timezone: 'America/New_York', day: '2026-05-16' },
  tokyo: { origin: 'https://tokyo.test', burst: 70, timezone: 'Asia/Tokyo', day: '2026-05-17' },
} as const
type Name = keyof typeof PROJECTS

it('500 requests of two projects at a time cross nothing: origins, limits and time zones', async () => {
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    // Refills so slowly that a slow machine changes nothing.
    rateLimits: ({ slug }) => ({ track: { rate: 0.001, burst: slug === 'york' ? 40 : 70 } }),
    clock: () => NOW,
    onDiagnostic: () => {},
  })
  const keys = new Map<Name, { pk: string; rk: string }>()
  for (const name of ['york', 'tokyo'] as const) {
    const { origin, timezone } = PROJECTS[name]
    const made = await analytics.projects.create({ slug: name, allowed_origins: [origin], timezone })
    keys.set(name, made.keys)
    await analytics.track({ event: name, anonymous_id: name }, { project: name })
  }
  const ask = async (
    path: string,
    key: string | undefined,
    origin: string,
    body?: object,
  ): Promise<Response> =>
    await analytics.handler(
      new Request(`http://x${path}`, {
        headers: { authorization: `Bearer ${key}`, origin },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      }),
    )

  const stored = { york: 0, tokyo: 0 }
  async function one(name: Name, i: number): Promise<void> {
    const own = PROJECTS[name]
    const other = PROJECTS[name === 'york' ? 'tokyo' : 'york']
    const { pk, rk } = keys.get(name) ?? { pk: '', rk: '' }
    const kind = i % 5
    const event = { event: name, anonymous_id: name }
    if (kind < 3) {
      const answer = await ask('/v1/track', pk, own.origin, event)
      if (answer.status === 202) stored[name]++
      else expect(answer.status).toBe(429)
      expect(answer.headers.get('access-control-allow-origin')).toBe(own.origin)
      expect(answer.headers.get('ratelimit-policy')).toContain(`q=${own.burst};`)
    } else if (kind === 3) {
      const answer = await ask('/v1/track', pk, other.origin, event)
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null])
    } else {
      const answer = await ask(`/v1/stats?range=7d&interval=day&event=${name}`, rk, own.origin)
      const body = await answer.text()
      expect(answer.status).toBe(200)
      expect(body).toContain(`"timezone":"${own.timezone}"`)
      expect(body).toContain(`"bucket":"${own.day}T00:00:00`)
    }
  }
  await Promise.all(Array.from({ length: 500 }, (_, i) => one(i % 2 === 0 ? 'york' : 'tokyo', i >> 1)))
  expect(stored).toEqual({ york: 40, tokyo: 70 })
  for (const name of ['york', 'tokyo'] as const) {
    const { rows } = await analytics.query({ range: '7d', limit: 200 }, { project: name })
    expect(rows.map(({ event_name }) => event_name)).toEqual(rows.map(() => name))
    expect(rows).toHaveLength(stored[name] + 1)
  }
  await analytics.close()
})
