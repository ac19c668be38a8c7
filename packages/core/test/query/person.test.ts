import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { personResponseSchema } from '@millimetric/schema'
import type { PersonParams, PersonQuestion, TrackEvent } from '@millimetric/schema/wire'
import { beforeEach, describe, expect, test } from 'vitest'

const NOW = Date.UTC(2026, 4, 16, 12)
const DAY = 86_400_000
let analytics: Analytics
let key: string
let project: string

beforeEach(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })
  const made = await analytics.projects.create({ slug: 'p', timezone: 'America/New_York' })
  key = made.keys.sk
  project = made.project.id
})

const LANDING = 'https://shop.test/?utm_source=facebook&utm_medium=cpc&utm_campaign=spring'

async function tell(...events: TrackEvent[]): Promise<void> {
  expect((await analytics.batch(events)).ok).toBe(true)
}

async function tellOfAnn(): Promise<void> {
  await tell(
    { event: '$pageview', event_id: 'e1', anonymous_id: 'phone', url: LANDING, timestamp: NOW - 9 * DAY },
    {
      event: '$pageview',
      event_id: 'e2',
      anonymous_id: 'laptop',
      url: 'https://shop.test/b',
      timestamp: NOW - 5 * DAY,
    },
    { event: 'paid', event_id: 'e3', user_id: 'ann', timestamp: NOW - 4 * DAY },
  )
  const link = { user_id: 'ann', timestamp: NOW - 3 * DAY }
  await analytics.identify({
    ...link,
    anonymous_id: 'phone',
    event_id: 'i1',
    traits: { plan: 'free', name: 'Ann', __proto__: null },
  })
  await analytics.identify({
    ...link,
    anonymous_id: 'laptop',
    event_id: 'i2',
    timestamp: NOW - 2 * DAY,
    traits: { plan: 'pro', seats: [1, null] },
  })
}

test('who somebody is: ids, moments, touches, traits and the timeline over all devices', async () => {
  await tellOfAnn()
  const answer = await analytics.person({ user_id: 'ann' })
  const { timeline, ...rest } = answer
  expect(timeline.map(({ event_id }) => event_id)).toEqual(['i2', 'i1', 'e3', 'e2', 'e1'])
  expect(timeline[4]).toEqual((await analytics.query({ range: '30d' })).rows[4])
  expect(rest).toEqual({
    user_id: 'ann',
    anonymous_ids: ['laptop', 'phone'],
    conflicts: [],
    events: 5,
    first_seen: '2026-05-07T08:00:00-04:00',
    last_seen: '2026-05-14T08:00:00-04:00',
    first_touch: {
      timestamp: '2026-05-07T08:00:00-04:00',
      source: 'facebook',
      medium: 'paid',
      campaign: 'spring',
      channel: 'paid_social',
    },
    last_touch: {
      timestamp: '2026-05-11T08:00:00-04:00',
      source: 'direct',
      medium: 'direct',
      campaign: null,
      channel: 'direct',
    },
    traits: { plan: 'pro', name: 'Ann', seats: [1, null] },
    next_cursor: null,
    meta: {
      timezone: 'America/New_York',
      from: '1969-12-31T19:00:00-05:00',
      to: '2105-12-31T19:00:00-05:00',
      include_bots: true,
      answered_by: 'raw',
      estimated: false,
      truncated: false,
      warnings: [],
    },
  })
  expect(await analytics.person({ anonymous_id: 'phone' })).toEqual(answer)
})

test('nobody is an answer too, and a visitor without a user has none', async () => {
  const nobody = await analytics.person({ user_id: 'nobody' })
  expect(nobody).toMatchObject({
    user_id: 'nobody',
    anonymous_ids: [],
    conflicts: [],
    events: 0,
    first_seen: null,
    last_seen: null,
    first_touch: null,
    last_touch: null,
    traits: {},
    timeline: [],
    next_cursor: null,
  })
  const visitor = await analytics.person({ anonymous_id: 'v' })
  expect([visitor.user_id, visitor.anonymous_ids]).toEqual([null, ['v']])
})

test('walking the cursor over HTTP brings every event once, crawlers’ too', async () => {
  const bot = { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }
  await analytics.identify({ anonymous_id: 'v0', user_id: 'u', timestamp: NOW, event_id: 'i' })
  const all = Array.from({ length: 57 }, (_, n) => ({
    event: n % 3 === 0 ? '$pageview' : 'click',
    event_id: `e${n}`,
    timestamp: NOW - Math.floor(n / 4) * DAY,
    ...(n % 2 === 0 ? { user_id: 'u' } : { anonymous_id: 'v0' }),
  }))
  await tell(...all, { event: 'click', event_id: 'other', anonymous_id: 'v1', timestamp: NOW })
  await analytics.handler(
    new Request('http://host.test/v1/track', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'user-agent': bot.userAgent },
      body: JSON.stringify({
        event: '$pageview',
        event_id: 'b',
        anonymous_id: 'v0',
        user_agent: bot.userAgent,
        timestamp: NOW,
      }),
    }),
  )
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`
    const response = await analytics.handler(
      new Request(`http://host.test/v1/person?user_id=u&limit=10${after}`, {
        headers: { authorization: `Bearer ${key}` },
      }),
    )
    expect(response.status).toBe(200)
    const page = personResponseSchema.parse(await response.json())
    expect(page.events).toBe(59)
    expect(page).toEqual(
      await analytics.person({ user_id: 'u', limit: 10, ...(cursor === '' ? {} : { cursor }) }),
    )
    seen.push(...page.timeline.map(({ event_id }) => event_id))
    cursor = page.next_cursor
  }
  expect(seen.length).toBe(59)
  expect(seen.toSorted()).toEqual([...all.map(({ event_id }) => event_id), 'i', 'b'].toSorted())
})

test('a range bounds everything but the links', async () => {
  await tellOfAnn()
  const part = await analytics.person({ user_id: 'ann', from: NOW - 5 * DAY, to: NOW - 2 * DAY })
  expect(part).toMatchObject({
    anonymous_ids: ['laptop', 'phone'],
    events: 3,
    traits: { plan: 'free', name: 'Ann' },
  })
  expect(part.timeline.map(({ event_id }) => event_id)).toEqual(['i1', 'e3', 'e2'])
})

test('what retention has ended is not shown, without a word: everything that is kept was asked for', async () => {
  await tellOfAnn()
  await analytics.projects.update(project, { retention_days: 7 })
  const kept = await analytics.person({ user_id: 'ann' })
  expect([kept.events, kept.meta.warnings, kept.meta.from]).toEqual([4, [], '2026-05-09T08:00:00-04:00'])
  const asked = await analytics.person({ user_id: 'ann', range: '30d' })
  expect(asked.meta.warnings).toEqual(['This project keeps 7 days; older events are not counted.'])
})

test('a token is told of devices and users only what its own events tell', async () => {
  const link = { event: '$identify', timestamp: NOW - DAY } as const
  await tell(
    { event: 'a', event_id: 'a1', anonymous_id: 'mine', timestamp: NOW - 2 * DAY, properties: { c: 'acme' } },
    {
      event: 'a',
      event_id: 'a2',
      anonymous_id: 'theirs',
      timestamp: NOW - 2 * DAY,
      properties: { c: 'globex' },
    },
    { ...link, event_id: 'l1', anonymous_id: 'mine', user_id: 'u', properties: { c: 'acme', trait: 1 } },
    { ...link, event_id: 'l2', anonymous_id: 'theirs', user_id: 'u', properties: { c: 'globex', secret: 1 } },
    { ...link, event_id: 'l3', anonymous_id: 'hidden', user_id: 'w', properties: { c: 'globex' } },
    { event: 'a', event_id: 'a3', anonymous_id: 'hidden', timestamp: NOW, properties: { c: 'acme' } },
  )
  const { token } = await analytics.tokens.create({
    project: 'p',
    filters: { field: 'properties.c', op: 'is', value: 'acme' },
  })
  const ask = async (query: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await analytics.handler(new Request(`http://host.test/v1/person?${query}`, { headers }))
    const { user_id, anonymous_ids, conflicts, events, traits, timeline } = personResponseSchema.parse(
      await answer.json(),
    )
    return [user_id, anonymous_ids, conflicts, events, traits, timeline.map(({ event_id }) => event_id)]
  }
  expect(await ask('user_id=u')).toEqual(['u', ['mine'], [], 2, { c: 'acme', trait: 1 }, ['l1', 'a1']])
  expect(await ask('anonymous_id=hidden')).toEqual([null, ['hidden'], [], 1, {}, ['a3']])
  // Nothing tells them that `hidden` is of w.
  expect(await ask('user_id=w')).toEqual(['w', [], [], 0, {}, []])
})

describe('bad parameters', () => {
  const cases: [string, PersonQuestion & Record<string, unknown>, RegExp][] = [
    ['no id', {}, /^user_id: send either/],
    ['both ids', { user_id: 'a', anonymous_id: 'b' }, /^user_id: send either/],
    ['an empty id', { user_id: '' }, /^user_id: /],
    ['an id that no event can have', { anonymous_id: 'x'.repeat(129) }, /^anonymous_id: /],
    ['a cursor of nowhere', { user_id: 'a', cursor: 'x' }, /^cursor: /],
    ['half a range', { user_id: 'a', from: '2026-05-01' }, /^to: missing/],
    ['limit', { user_id: 'a', limit: 1001 }, /^limit: /],
    ['a wrong zone', { user_id: 'a', timezone: 'Mars/Base' }, /Mars/],
    ['crawlers, who are always in', { user_id: 'a', include_bots: false }, /include_bots/],
    ['a typo', { user_id: 'a', rnage: '7d' }, /did you mean "range"/],
  ]
  test.each(cases)('%s', async (_, params, message) => {
    await expect(analytics.person(params as PersonParams)).rejects.toMatchObject({
      code: 'invalid_params',
      status: 400,
      message: expect.stringMatching(message),
    })
  })
})
