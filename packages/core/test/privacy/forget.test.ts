import { randomUUID } from 'node:crypto'
import type { Analytics, EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { engineSql, finished, forgetAndWait, quickAnalytics, type Sql } from './forgetting.js'

const HOUR = 3_600_000
const STORES: readonly [string, () => EventStore][] = [
  ['memory', memoryEvents],
  ['chdb', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase() })],
]

let engine: Sql
beforeAll(async () => {
  // Held open through all tests: opening costs 0.3 s.
  engine = await engineSql()
})
afterAll(async () => await engine.close())

const at = (ago: number): number => Date.now() - ago

async function ids(analytics: Analytics, project?: string): Promise<string[]> {
  const { rows } = await analytics.query(
    { range: '7d', limit: 1000 },
    project === undefined ? {} : { project },
  )
  return rows.map(({ event_id }) => event_id).toSorted()
}

describe.each(STORES)('forget on %s', (_name, open) => {
  let store: EventStore
  let analytics: Analytics
  let projectId: string

  beforeEach(async () => {
    store = open()
    analytics = quickAnalytics({ events: store, project: 'shop' })
    const { project } = await analytics.projects.create({ slug: 'shop' })
    projectId = project.id
    return async () => await analytics.close()
  })

  test('a user goes with the anonymous events linked to them; others stay', async () => {
    await analytics.batch([
      { event: '$pageview', event_id: 'before', anonymous_id: 'laptop', timestamp: at(5 * HOUR) },
      {
        event: '$identify',
        event_id: 'link',
        anonymous_id: 'laptop',
        user_id: 'ann',
        timestamp: at(4 * HOUR),
      },
      { event: 'click', event_id: 'own', anonymous_id: 'laptop', user_id: 'ann', timestamp: at(4 * HOUR) },
      { event: '$pageview', event_id: 'phone', anonymous_id: 'phone', timestamp: at(3 * HOUR) },
      {
        event: '$identify',
        event_id: 'link2',
        anonymous_id: 'phone',
        user_id: 'ann',
        timestamp: at(3 * HOUR),
      },
      { event: 'invoice', event_id: 'server', user_id: 'ann', session_id: 's', timestamp: at(2 * HOUR) },
      // Bob uses the laptop too, and his own device, on which Ann once signed in.
      {
        event: '$identify',
        event_id: 'bob',
        anonymous_id: 'laptop',
        user_id: 'bob',
        timestamp: at(3 * HOUR),
      },
      {
        event: '$identify',
        event_id: 'bobs',
        anonymous_id: 'tablet',
        user_id: 'bob',
        timestamp: at(5 * HOUR),
      },
      { event: '$identify', event_id: 'guest', anonymous_id: 'tablet', user_id: 'ann', timestamp: at(HOUR) },
      { event: '$pageview', event_id: 'bobs2', anonymous_id: 'tablet', timestamp: at(HOUR) },
      // A visitor of that name is not the user of that name.
      { event: '$pageview', event_id: 'name', anonymous_id: 'ann', timestamp: at(HOUR) },
    ])
    const job = await forgetAndWait(analytics, { user_id: 'ann' })
    expect(await ids(analytics)).toEqual(['bob', 'bobs', 'bobs2', 'name'])
    expect(job.counts).toMatchObject({ events: 7, identity_links: 3 })
    expect(JSON.stringify(job)).not.toMatch(/ann|laptop/)
    const records = await store.erasureRecords(projectId)
    expect(records).toMatchObject([{ id: job.id, subject: 'user', removed: { events: 7 } }])
    expect(JSON.stringify(records)).not.toMatch(/ann|laptop/)
    expect(await store.tracesOf([job.id])).toEqual([])
  })

  test('an anonymous id goes with the user it belongs to on that device, and nobody else', async () => {
    await analytics.batch([
      { event: '$pageview', event_id: 'a1', anonymous_id: 'x', timestamp: at(5 * HOUR) },
      { event: '$identify', event_id: 'a2', anonymous_id: 'x', user_id: 'ann', timestamp: at(4 * HOUR) },
      { event: 'click', event_id: 'bob', anonymous_id: 'x', user_id: 'bob', timestamp: at(3 * HOUR) },
      { event: '$identify', event_id: 'bob2', anonymous_id: 'x', user_id: 'bob', timestamp: at(3 * HOUR) },
      { event: 'click', event_id: 'elsewhere', anonymous_id: 'y', user_id: 'ann', timestamp: at(2 * HOUR) },
      { event: '$pageview', event_id: 'other', anonymous_id: 'z', timestamp: at(2 * HOUR) },
    ])
    const job = await forgetAndWait(analytics, { anonymous_id: 'x' })
    expect(job.counts).toMatchObject({ events: 2 })
    expect(await ids(analytics)).toEqual(['bob', 'bob2', 'elsewhere', 'other'])
    // Asked again, the one who is next in line for the device is not taken for its owner.
    await forgetAndWait(analytics, { user_id: 'ann' })
    expect(await ids(analytics)).toEqual(['bob', 'bob2', 'other'])
  })

  test('late events are dropped as erased, later ones count anew', async () => {
    await analytics.batch([
      { event: '$identify', event_id: 'l', anonymous_id: 'x', user_id: 'ann', timestamp: at(2 * HOUR) },
      { event: 'click', event_id: 'c', anonymous_id: 'x', user_id: 'ann', timestamp: at(2 * HOUR) },
    ])
    await forgetAndWait(analytics, { user_id: 'ann' })
    const { results } = await analytics.batch([
      { event: 'click', event_id: 'c', anonymous_id: 'x', user_id: 'ann', timestamp: at(2 * HOUR) },
      { event: 'click', event_id: 'late', anonymous_id: 'x', timestamp: at(HOUR) },
      { event: 'click', event_id: 'other device', anonymous_id: 'y', user_id: 'ann', timestamp: at(HOUR) },
      { event: 'click', event_id: 'bob', anonymous_id: 'x', user_id: 'bob', timestamp: at(HOUR) },
      { event: 'click', event_id: 'now', anonymous_id: 'x', user_id: 'ann', timestamp: at(-1000) },
    ])
    expect(
      results.map((result) => [result.event_id, result.status, 'code' in result ? result.code : '']),
    ).toEqual([
      ['c', 'dropped', 'erased'],
      ['late', 'dropped', 'erased'],
      ['other device', 'dropped', 'erased'],
      ['bob', 'stored', ''],
      ['now', 'stored', ''],
    ])
    expect(await ids(analytics)).toEqual(['bob', 'now'])
  })

  test('a neighbour with the same ids is untouched, and late events count there', async () => {
    await analytics.projects.create({ slug: 'next' })
    for (const project of ['shop', 'next']) {
      await analytics.track({ event: 'e', event_id: 'e', anonymous_id: 'x', user_id: 'ann' }, { project })
    }
    await forgetAndWait(analytics, { user_id: 'ann' }, 'shop')
    expect([await ids(analytics, 'shop'), await ids(analytics, 'next')]).toEqual([[], ['e']])
    const late = await analytics.track(
      { event: 'e', event_id: 'f', user_id: 'ann', timestamp: at(HOUR) },
      { project: 'next' },
    )
    expect(late).toMatchObject({ ok: true, status: 'stored' })
  })

  test('somebody who was never here is verified, too, and kept out', async () => {
    expect(await forgetAndWait(analytics, { user_id: 'nobody' })).toMatchObject({ counts: { events: 0 } })
    const late = await analytics.track({ event: 'e', user_id: 'nobody', timestamp: at(HOUR) })
    expect(late).toMatchObject({ ok: false, status: 'dropped', code: 'erased' })
  })

  test('forget while events keep coming', async () => {
    let on = true
    let n = 0
    const writers = Array.from({ length: 4 }, async () => {
      while (on) {
        const i = n++
        await analytics.batch([
          { event: 'e', event_id: `ann${i}`, anonymous_id: 'x', user_id: 'ann', timestamp: at(HOUR) },
          { event: 'e', event_id: `anon${i}`, anonymous_id: 'x', timestamp: at(HOUR) },
          { event: 'e', event_id: `bob${i}`, anonymous_id: 'x', user_id: 'bob', timestamp: at(HOUR) },
        ])
      }
    })
    await analytics.identify({ anonymous_id: 'x', user_id: 'ann', timestamp: at(2 * HOUR) })
    while (n < 20) await new Promise((resolve) => setTimeout(resolve, 5))
    await forgetAndWait(analytics, { user_id: 'ann' })
    on = false
    await Promise.all(writers)
    const { rows } = await analytics.stats({ range: '24h', group_by: ['event_name'] })
    expect(rows).toEqual([{ event_name: 'e', value: n }])
    const sessions = await analytics.stats({ range: '24h', metric: 'sessions' })
    expect(sessions.rows).toEqual(
      (await analytics.stats({ range: '24h', metric: 'sessions', raw: true })).rows,
    )
  })

  test('a batch on its way when the person is forgotten leaves nothing', async () => {
    let let_through = (): void => {}
    const held = new Promise<void>((resolve) => {
      let_through = resolve
    })
    let stopped = (): void => {}
    const under_way = new Promise<void>((resolve) => {
      stopped = resolve
    })
    const slow = quickAnalytics({
      project: 'shop',
      keys: memoryKeys(),
      events: {
        ...store,
        async insert(batch) {
          stopped()
          await held
          await store.insert(batch)
        },
      },
    })
    await slow.projects.create({ slug: 'shop' })
    const sent = slow.track({ event: 'e', event_id: 'slow', user_id: 'ann', timestamp: at(HOUR) })
    await under_way
    // Verified while the event is held up for longer than an erasure waits.
    await forgetAndWait(slow, { user_id: 'ann' })
    let_through()
    expect(await sent).toMatchObject({ ok: true })
    for (let tries = 0; tries < 200 && (await ids(slow)).length > 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await ids(slow)).toEqual([])
    await slow.close()
  })

  test('two processes do the same jobs and harm nothing', async () => {
    const keys = memoryKeys()
    const one = quickAnalytics({ events: store, keys, project: 'shop' })
    await one.projects.create({ slug: 'shop' })
    const two = quickAnalytics({ events: store, keys, project: 'shop' })
    await one.batch(
      Array.from({ length: 30 }, (_, n) => ({
        event: '$pageview',
        event_id: `e${n}`,
        anonymous_id: 'shared',
        user_id: `u${n % 3}`,
        timestamp: at(HOUR),
      })),
    )
    const asked = await Promise.all([
      one.forget({ user_id: 'u0' }),
      two.forget({ user_id: 'u1' }),
      one.forget({ user_id: 'u1' }),
    ])
    for (const { job } of asked) expect(await finished(two, job.id)).toMatchObject({ state: 'done' })
    const left = Array.from({ length: 10 }, (_, n) => `e${3 * n + 2}`).toSorted()
    expect(await ids(one)).toEqual(left)
    const sessions = { range: '24h', metric: 'pageviews' } as const
    expect((await one.stats(sessions)).rows).toEqual([{ value: 10 }])
    await two.close()
    await one.close()
  })

  test('what a process leaves behind is taken up by the next one', async () => {
    const keys = memoryKeys()
    const dying = quickAnalytics({
      events: { ...store, close: async () => {} },
      keys,
      project: 'shop',
      erasure: { tombstoneTtlMs: 40, deliveryMs: 60_000 },
    })
    await dying.projects.create({ slug: 'shop' })
    await dying.track({ event: 'e', event_id: 'e', user_id: 'ann' })
    const { job } = await dying.forget({ user_id: 'ann' })
    while ((await dying.jobs.find(job.id))?.state !== 'running') {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    // The end of a process: nothing of it runs any more, and its job is still open.
    await dying.close()
    expect(await keys.listJobs(null, ['running'])).toMatchObject([{ id: job.id }])
    const next = quickAnalytics({ events: store, keys, project: 'shop' })
    await next.track({ event: 'later', event_id: 'later', user_id: 'ann', timestamp: at(-1000) })
    // The first erasure of a process looks at what is open; without one, its events do, at their ease.
    await next.forget({ user_id: 'somebody else' })
    expect(await finished(next, job.id)).toMatchObject({ state: 'done', counts: { events: 1 } })
    expect(await ids(next)).toEqual(['later'])
    await next.close()
  }, 60_000)

  test('inputs', async () => {
    for (const wrong of [{}, { user_id: '' }, { user_id: 'a', anonymous_id: 'b' }, { user_id: 7 }, null]) {
      // @ts-expect-error: what callers without types may send.
      await expect(analytics.forget(wrong)).rejects.toMatchObject({ code: 'invalid_payload' })
    }
    expect(await analytics.jobs.find(randomUUID())).toBeUndefined()
    expect(await analytics.jobs.find('no id')).toBeUndefined()
  })
})
