import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { pathsResponseSchema } from '@millimetric/schema'
import { beforeEach, describe, expect, test } from 'vitest'

const NOW = Date.UTC(2026, 4, 16, 12)
let analytics: Analytics
let keys: { pk: string; sk: string; rk: string }

/** One event a minute: pages by their path, others by their name. */
async function walk(anonymous_id: string, ...list: readonly string[]): Promise<void> {
  await analytics.batch(
    list.map((name, minute) => ({
      event: name.startsWith('/') ? '$pageview' : name,
      ...(name.startsWith('/') ? { url: `https://p.test${name}` } : {}),
      anonymous_id,
      timestamp: NOW - 3_600_000 + minute * 60_000,
    })),
  )
}

beforeEach(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })
  keys = (await analytics.projects.create({ slug: 'p' })).keys
  await walk('a', '/', '/pricing', 'signup', '/welcome')
  await walk('b', '/', '/pricing', '/')
  await walk('c', '/', '/blog', '/pricing')
  await walk('d', '/blog')
})

test('nodes by step with exits, links by weight, ties by name', async () => {
  const answer = await analytics.paths({ range: '1d' })
  expect(answer).toMatchObject({ direction: 'forward', sessions: 4 })
  expect(answer.steps).toEqual([
    {
      step: 0,
      nodes: [
        { node: '/', sessions: 3, exits: 0 },
        { node: '/blog', sessions: 1, exits: 1 },
      ],
    },
    {
      step: 1,
      nodes: [
        { node: '/pricing', sessions: 2, exits: 0 },
        { node: '/blog', sessions: 1, exits: 0 },
      ],
    },
    {
      step: 2,
      nodes: [
        { node: '/', sessions: 1, exits: 1 },
        { node: '/pricing', sessions: 1, exits: 1 },
        { node: '/welcome', sessions: 1, exits: 1 },
      ],
    },
  ])
  expect(answer.links).toEqual([
    { step: 0, from: '/', to: '/pricing', sessions: 2 },
    { step: 0, from: '/', to: '/blog', sessions: 1 },
    { step: 1, from: '/blog', to: '/pricing', sessions: 1 },
    { step: 1, from: '/pricing', to: '/', sessions: 1 },
    { step: 1, from: '/pricing', to: '/welcome', sessions: 1 },
  ])
  expect(answer.meta).toMatchObject({ truncated: false, answered_by: 'raw', timezone: 'UTC' })
  expect(pathsResponseSchema.parse(answer)).toEqual(answer)
})

test('what lies beyond limit is one node, which comes last however large', async () => {
  const { steps, links, meta } = await analytics.paths({ range: '1d', limit: 1, steps: 2 })
  expect(steps.map(({ nodes }) => nodes)).toEqual([
    [
      { node: '/', sessions: 3, exits: 0 },
      { node: null, other: true, sessions: 1, exits: 1 },
    ],
    [
      { node: '/pricing', sessions: 2, exits: 0 },
      { node: null, other: true, sessions: 1, exits: 0 },
    ],
    [
      { node: '/', sessions: 1, exits: 1 },
      { node: null, other: true, sessions: 2, exits: 2 },
    ],
  ])
  expect(links).toEqual([
    { step: 0, from: '/', to: '/pricing', sessions: 2 },
    { step: 0, from: '/', to: null, sessions: 1 },
    { step: 1, from: '/pricing', to: '/', sessions: 1 },
    { step: 1, from: '/pricing', to: null, sessions: 1 },
    { step: 1, from: null, to: null, sessions: 1 },
  ])
  expect(meta.truncated).toBe(true)
})

test('backward to an event, with events as nodes; from a page', async () => {
  const back = await analytics.paths({
    range: '1d',
    direction: 'backward',
    start: { event: 'signup' },
    include_events: true,
  })
  expect(back).toMatchObject({ direction: 'backward', sessions: 1 })
  expect(back.links.map(({ from, to }) => [from, to])).toEqual([
    ['signup', '/pricing'],
    ['/pricing', '/'],
  ])
  const page = await analytics.paths({ range: '1d', from_page: '/pricing', include_events: true })
  expect(page.sessions).toBe(3)
  expect(page.steps[1]?.nodes.map(({ node }) => node)).toEqual(['/', 'signup'])
  // The last step knows who went on.
  const short = await analytics.paths({ range: '1d', from_page: '/pricing', include_events: true, steps: 1 })
  expect(short.steps[1]?.nodes).toEqual([
    { node: '/', sessions: 1, exits: 1 },
    { node: 'signup', sessions: 1, exits: 0 },
  ])
})

test('each step holds the sessions that came to it: laws of the answer', async () => {
  for (const limit of [1, 2, 50]) {
    const { sessions, steps, links } = await analytics.paths({ range: '1d', limit, include_events: true })
    const sum = (list: readonly { sessions: number }[]): number =>
      list.reduce((all, one) => all + one.sessions, 0)
    expect(sum(steps[0]?.nodes ?? [])).toBe(sessions)
    for (const { step, nodes } of steps) {
      for (const { node, sessions: here, exits } of nodes) {
        expect(sum(links.filter((link) => link.step === step && link.from === node))).toBe(here - exits)
        if (step > 0)
          expect(sum(links.filter((link) => link.step === step - 1 && link.to === node))).toBe(here)
      }
    }
  }
})

test('nobody there is an answer too', async () => {
  expect(await analytics.paths({ range: '1d', from_page: '/nowhere' })).toMatchObject({
    sessions: 0,
    steps: [],
    links: [],
  })
  expect((await analytics.paths({ range: '1d', from_page: '' })).sessions).toBe(0)
})

test('over HTTP the answer is the same; the key must read', async () => {
  const params = { range: '1d', start: { event: 'signup' }, limit: 2 }
  const ask = async (key: string, body: unknown): Promise<[number, unknown]> => {
    const response = await analytics.handler(
      new Request('https://host.test/v1/paths', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
    return [response.status, await response.json()]
  }
  expect(await ask(keys.rk, params)).toEqual([200, await analytics.paths(params)])
  expect((await ask(keys.pk, params))[0]).toBe(403)
  expect(await ask(keys.rk, { range: '1d', steps: 'many' })).toMatchObject([400, { error: 'invalid_params' }])
})

describe('bad parameters', () => {
  const range = { range: '7d' }
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['no range', {}, /from: missing/],
    ['unknown direction', { ...range, direction: 'backwards' }, /did you mean "backward"/],
    ['no step', { ...range, steps: 0 }, /steps/],
    ['too many steps', { ...range, steps: 21 }, /steps/],
    ['no node', { ...range, limit: 0 }, /limit/],
    ['too many nodes', { ...range, limit: 51 }, /limit/],
    ['a start that is text', { ...range, start: '/' }, /start/],
    ['two starts', { ...range, start: { event: 'a' }, from_page: '/' }, /either start or from_page/],
    ['a flag that is none', { ...range, collapse: 'perhaps' }, /collapse/],
    ['a parameter that does not exist', { ...range, form_page: '/' }, /did you mean "from_page"/],
  ]
  test.each(cases)('%s', async (_, params, message) => {
    await expect(analytics.paths(params as never)).rejects.toMatchObject({
      code: 'invalid_params',
      status: 400,
      message: expect.stringMatching(message),
    })
  })
})
