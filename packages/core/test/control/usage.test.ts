import { afterEach, describe, expect, it } from 'vitest'
import { type Analytics, createAnalytics, type Diagnostic, type KeyStore } from '../../src/index.js'
import type { AnalyticsOptions } from '../../src/options.js'
import type { ProjectUsage } from '../../src/projects/usage.js'
import { memoryEvents, memoryKeys } from '../../src/stores/memory/index.js'

const NOW = Date.parse('2026-05-16T19:00:00Z')
const open: Analytics[] = []
afterEach(async () => {
  for (const analytics of open.splice(0)) await analytics.close()
})

interface Bench {
  analytics: Analytics
  keys: KeyStore
  calls: string[]
  diagnostics: Diagnostic[]
  state: { now: number; away: boolean; deaf: boolean; gate: Promise<void> }
}

function bench(options: Partial<AnalyticsOptions> = {}): Bench {
  const stored = options.keys ?? memoryKeys()
  const state = { now: NOW, away: false, deaf: false, gate: Promise.resolve() }
  const calls: string[] = []
  const diagnostics: Diagnostic[] = []
  const keys: KeyStore = {
    ...stored,
    async addUsage(write, rows) {
      calls.push('addUsage')
      await state.gate
      if (state.away) throw new Error('away')
      await stored.addUsage(write, rows)
      if (state.deaf) throw new Error('the connection broke after the commit')
    },
    async usage(ids) {
      calls.push('usage')
      await state.gate
      if (state.away) throw new Error('away')
      return await stored.usage(ids)
    },
  }
  const analytics = createAnalytics({
    events: memoryEvents(),
    delivery: { flushIntervalMs: 0 },
    clock: () => state.now,
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    ...options,
    keys,
  })
  open.push(analytics)
  return { analytics, keys: stored, calls, diagnostics, state }
}

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

const events = (n: number, more: object = {}): { event: string; anonymous_id: string }[] =>
  Array.from({ length: n }, () => ({ event: 'e', anonymous_id: 'a', ...more }))

describe('metering', () => {
  it('counts stored events by the month of their timestamp, not duplicates, not refused ones', async () => {
    const { analytics } = bench()
    const { project } = await analytics.projects.create({ slug: 'p' })
    await analytics.batch(events(3))
    await analytics.batch(events(2, { timestamp: '2026-04-30T23:59:59.999Z' }))
    await analytics.batch(events(4, { event_id: 'same' }))
    await analytics.batch([
      { event: '', anonymous_id: 'a' },
      { event: 'e', anonymous_id: 'null' },
    ])
    expect(await analytics.usage()).toEqual({
      project_id: project.id,
      plan: 'default',
      events_per_month: null,
      months: [
        { month: '2026-04', events: 2 },
        { month: '2026-05', events: 4 },
      ],
    })
  })

  it('writes in batches, and all of it on close', async () => {
    const { analytics, keys, calls } = bench()
    const { project } = await analytics.projects.create({ slug: 'p' })
    for (let i = 0; i < 200; i++) await analytics.track({ event: 'e', anonymous_id: 'a' })
    expect(calls).toEqual([])
    await analytics.close()
    expect(calls).toEqual(['addUsage'])
    expect(await keys.usage([project.id])).toEqual([
      { project_id: project.id, month: '2026-05', events: 200 },
    ])
  })

  it('writes with the next event once ten seconds have passed, where timers do not fire', async () => {
    const { analytics, calls, state } = bench()
    await analytics.projects.create({ slug: 'p' })
    await analytics.track({ event: 'e', anonymous_id: 'a' })
    state.now += 9_999
    await analytics.track({ event: 'e', anonymous_id: 'a' })
    expect(calls).toEqual([])
    state.now += 1
    await analytics.track({ event: 'e', anonymous_id: 'a' })
    await expect.poll(() => calls).toEqual(['addUsage'])
  })

  it('keeps what could not be written, says so, and is exact in the end', async () => {
    const { analytics, keys, state, diagnostics } = bench()
    const { project } = await analytics.projects.create({ slug: 'p' })
    state.away = true
    await analytics.batch(events(5))
    state.now += 10_000
    await analytics.batch(events(5))
    await expect.poll(() => diagnostics).toMatchObject([{ kind: 'key_store_failed', operation: 'addUsage' }])
    state.away = false
    await analytics.close()
    expect(await keys.usage([project.id])).toMatchObject([{ events: 10 }])
  })

  it('does not add again what was written although the answer was lost, and loses nothing that came after', async () => {
    const { analytics, keys, state, calls } = bench()
    const { project } = await analytics.projects.create({ slug: 'p' })
    state.deaf = true
    await analytics.batch(events(5))
    await analytics.usage()
    await analytics.batch(events(3))
    expect(await analytics.usage()).toMatchObject({ months: [{ events: 5 }] })
    state.deaf = false
    await analytics.batch(events(2))
    expect(await analytics.usage()).toMatchObject({ months: [{ events: 10 }] })
    expect(calls.filter((call) => call === 'addUsage')).toHaveLength(4)
    await analytics.close()
    expect(await keys.usage([project.id])).toMatchObject([{ events: 10 }])
  })

  it('of many projects is written and read in one step each', async () => {
    const { analytics, calls } = bench()
    const made = []
    for (let i = 0; i < 20; i++) made.push(await analytics.projects.create({ slug: `p-${i}`, owner: 'me' }))
    for (const { project } of made.slice(0, 7)) {
      await analytics.track({ event: 'e', anonymous_id: 'a' }, { project: project.slug })
    }
    const { secret } = await analytics.keys.account.create({ owner: 'me' })
    const headers = { authorization: `Bearer ${secret}` }
    const answer = await analytics.handler(new Request('http://x/v1/usage', { headers }))
    const { usage } = await answer.json()
    expect(usage).toHaveLength(20)
    expect(new Map(usage.map(({ project_id, months }: ProjectUsage) => [project_id, months]))).toEqual(
      new Map(made.map(({ project }, i) => [project.id, i < 7 ? [{ month: '2026-05', events: 1 }] : []])),
    )
    expect(calls).toEqual(['addUsage', 'usage'])
  })

  it('can be counted again from the events after a crash, bots included, duplicates once', async () => {
    const store = memoryEvents()
    const keys = memoryKeys()
    const crashed = bench({ events: store, keys })
    await crashed.analytics.projects.create({ slug: 'p' })
    await crashed.analytics.batch(events(40))
    await crashed.analytics.batch(events(2, { event_id: 'twice' }))
    await crashed.analytics.batch(
      events(7, { user_agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' }),
    )
    await crashed.analytics.batch(events(3, { timestamp: '2026-04-30T23:59:59Z' }))
    const next = bench({ events: store, keys })
    next.state.now = Date.parse('2026-06-02T00:00:00Z')
    expect(await next.analytics.usage()).toMatchObject({ months: [] })
    expect(await next.analytics.recountUsage({ month: '2026-05' })).toMatchObject({
      months: [{ month: '2026-05', events: 48 }],
    })
    expect(await next.analytics.recountUsage({ month: '2026-05' })).toMatchObject({
      months: [{ events: 48 }],
    })
  })

  it.each(['2026-13', '2026-00', '26-05', '', '2026-05-01', '__proto__'])(
    'refuses the month %j',
    async (month) => {
      const { analytics } = bench()
      await analytics.projects.create({ slug: 'p' })
      await expect(analytics.recountUsage({ month })).rejects.toMatchObject({ code: 'invalid_params' })
    },
  )

  it('refuses to count a month again whose events are partly gone', async () => {
    const { analytics } = bench()
    await analytics.projects.create({ slug: 'p', retention_days: 10 })
    await expect(analytics.recountUsage({ month: '2026-05' })).rejects.toThrow(/partly gone/)
  })
})

describe('quotas', () => {
  const plans = { free: { eventsPerMonth: 10 }, none: { eventsPerMonth: 0 }, pro: { eventsPerMonth: null } }

  async function send(analytics: Analytics, key: string, body: object): Promise<Response> {
    return await analytics.handler(
      new Request('http://x/v1/track', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify(body),
      }),
    )
  }

  it('answer 429 quota_exceeded with the plan, the month and when it ends', async () => {
    const { analytics } = bench({ plans })
    const { keys } = await analytics.projects.create({ slug: 'p', plan: 'free' })
    for (let i = 0; i < 10; i++) {
      expect((await send(analytics, keys.sk, { event: 'e', anonymous_id: 'a' })).status).toBe(202)
    }
    const refused = await send(analytics, keys.sk, { event: 'e', anonymous_id: 'a' })
    const seconds = (Date.parse('2026-06-01T00:00:00Z') - NOW) / 1000
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe(String(seconds))
    expect(await refused.json()).toMatchObject({
      error: 'quota_exceeded',
      retry_after_s: seconds,
      details: { plan: 'free', month: '2026-05', events_per_month: 10 },
    })
    expect(await analytics.track({ event: 'e', anonymous_id: 'a' })).toMatchObject({
      ok: false,
      status: 'failed',
      code: 'quota_exceeded',
    })
    expect(await analytics.usage()).toMatchObject({ events_per_month: 10, months: [{ events: 10 }] })
  })

  it('end with the month', async () => {
    const { analytics, state } = bench({ plans })
    await analytics.projects.create({ slug: 'p', plan: 'free' })
    expect((await analytics.batch(events(10))).count).toBe(10)
    expect((await analytics.batch(events(1))).count).toBe(0)
    state.now = Date.parse('2026-06-01T00:00:00Z')
    expect((await analytics.batch(events(1))).count).toBe(1)
  })

  it('count what other processes wrote, ten seconds later at most', async () => {
    const keys = memoryKeys()
    const [one, two] = [bench({ keys, plans }), bench({ keys, plans })]
    await one.analytics.projects.create({ slug: 'p', plan: 'free' })
    expect((await two.analytics.batch(events(1))).count).toBe(1)
    expect((await one.analytics.batch(events(10))).count).toBe(10)
    await one.analytics.usage()
    two.state.now += 10_000
    expect((await two.analytics.batch(events(1))).count).toBe(0)
  })

  it('let all in while the meter can not be read, and say so', async () => {
    const { analytics, state, diagnostics } = bench({ plans })
    await analytics.projects.create({ slug: 'p', plan: 'none' })
    expect((await analytics.batch(events(1))).count).toBe(0)
    state.away = true
    state.now += 10_000
    expect((await analytics.batch(events(1))).count).toBe(0)
    const free = bench({ plans })
    await free.analytics.projects.create({ slug: 'p', plan: 'free' })
    free.state.away = true
    expect((await free.analytics.batch(events(3))).count).toBe(3)
    expect(free.diagnostics).toMatchObject([{ kind: 'key_store_failed', operation: 'usage' }])
    expect(diagnostics).toMatchObject([
      { kind: 'events_not_stored', code: 'quota_exceeded' },
      { kind: 'key_store_failed', operation: 'usage' },
      { kind: 'events_not_stored', code: 'quota_exceeded' },
    ])
  })

  it('hold nobody up while the meter hangs, and say so once a minute', async () => {
    const { analytics, state, diagnostics } = bench({ plans })
    await analytics.projects.create({ slug: 'p', plan: 'free' })
    await analytics.projects.create({ slug: 'q', plan: 'free' })
    const { opened, open: release } = gate()
    state.gate = opened
    for (let i = 0; i < 5; i++) {
      for (const project of ['p', 'q']) expect((await analytics.batch(events(2), { project })).count).toBe(2)
      // A write is under way from now on, and hangs too.
      state.now += 10_000
    }
    const failures = (): Diagnostic[] => diagnostics.filter(({ kind }) => kind === 'key_store_failed')
    expect(failures()).toMatchObject([{ operation: 'usage' }])
    state.now += 20_000
    // What this process has counted itself still counts.
    expect((await analytics.batch(events(1), { project: 'p' })).count).toBe(0)
    expect(failures()).toHaveLength(2)
    release()
    expect(await analytics.usage({ project: 'p' })).toMatchObject({ months: [{ events: 10 }] })
  })

  it.each(['pro', 'unknown', '__proto__', 'constructor', 'toString'])(
    'do not exist for the plan %s',
    async (plan) => {
      const { analytics, calls } = bench({ plans })
      await analytics.projects.create({ slug: 'p', plan })
      expect((await analytics.batch(events(50))).count).toBe(50)
      expect(calls).toEqual([])
    },
  )

  it.each([-1, 1.5, Number.NaN, '5'])('refuse the number %j', (eventsPerMonth) => {
    expect(() => bench({ plans: { free: { eventsPerMonth: eventsPerMonth as number } } })).toThrow(
      /plans\.free\.eventsPerMonth/,
    )
  })
})
