// @vitest-environment happy-dom
import { ILLEGAL_IDS, LIMITS } from '@millimetric/schema/limits'
import type { TrackEvent } from '@millimetric/schema/wire'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import type { BrowserEvent, InitOptions } from '../src/options.js'
import { createTracker, type Tracker } from '../src/tracker.js'

interface Sent {
  path: string
  authorization: string | null
  sent_at: string
  events: Record<string, unknown>[]
}

let sent: Sent[]
let answers: (() => Response | Promise<Response>)[]
let trackers: Tracker[]
let listening: Parameters<typeof addEventListener>[]

const ok = (): Response => Response.json({ ok: true, count: 1, results: [] }, { status: 202 })

function started(options: Partial<InitOptions> = {}): Tracker {
  const tracker = createTracker()
  trackers.push(tracker)
  tracker.init({ key: 'pk_test_1', autoPageView: false, flushIntervalMs: 1, ...options })
  return tracker
}

function events(): Record<string, unknown>[] {
  return sent.flatMap((request) => request.events)
}

function propertiesOf(index: number): unknown {
  return events()[index]?.properties
}

beforeEach(() => {
  sent = []
  answers = []
  trackers = []
  localStorage.clear()
  history.replaceState(null, '', 'http://localhost:3000/start')
  vi.stubGlobal('fetch', async (url: string, request: RequestInit) => {
    const body = JSON.parse(String(request.body))
    sent.push({
      path: new URL(url).pathname,
      authorization: new Headers(request.headers).get('authorization'),
      sent_at: body.sent_at,
      events: body.events ?? [body],
    })
    return (answers.shift() ?? ok)()
  })
  listening = []
  const listen = globalThis.addEventListener
  vi.stubGlobal('addEventListener', (...args: Parameters<typeof addEventListener>) => {
    listening.push(args)
    listen(...args)
  })
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  // A page has one tracker; those of the tests before must not hear what the next one does.
  for (const args of listening) removeEventListener(...args)
  for (const tracker of trackers) tracker.optOut()
})

test('an event is one of the wire', () => {
  expectTypeOf<BrowserEvent>().toExtend<TrackEvent>()
})

describe('an event', () => {
  test('carries page, ids, ambient properties, campaign and SDK', async () => {
    history.replaceState(null, '', '/shop?utm_source=x&utm_campaign=spring&fbclid=F&li_fat_id=L&other=1#top')
    const tracker = started()
    tracker.track('signup', { plan: 'free', $language: 'mine' })
    await tracker.flush()
    expect(sent[0]).toMatchObject({ path: '/v1/batch', authorization: 'Bearer pk_test_1' })
    expect(Date.parse(sent[0]?.sent_at ?? '')).toBeGreaterThan(Date.now() - 1000)
    expect(events()[0]).toMatchObject({
      event: 'signup',
      event_id: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      anonymous_id: tracker.getAnonymousId(),
      url: location.href,
      path: '/shop',
      sdk_name: 'millimetric-browser',
      sdk_version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    })
    expect(propertiesOf(0)).toEqual({
      $viewport_w: innerWidth,
      $viewport_h: innerHeight,
      $language: 'mine',
      $timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      $utm_source: 'x',
      $utm_campaign: 'spring',
      $fbclid: 'F',
      $li_fat_id: 'L',
      plan: 'free',
    })
    expect(localStorage.getItem('mm_aid')).toBe(tracker.getAnonymousId())
    expect(events()[0]).not.toHaveProperty('user_id')
  })

  test('is frozen when it is made', async () => {
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] })
    const tracker = started()
    const properties = { items: [1] }
    tracker.track('bought', properties)
    properties.items.push(2)
    vi.setSystemTime(1_800_000_005_000)
    history.replaceState(null, '', '/elsewhere')
    await tracker.flush()
    expect(events()[0]).toMatchObject({
      timestamp: new Date(1_800_000_000_000).toISOString(),
      path: '/start',
    })
    expect(propertiesOf(0)).toMatchObject({ items: [1] })
    expect(sent[0]?.sent_at).toBe(new Date(1_800_000_005_000).toISOString())
  })

  test.each([
    ['a fragment', `/a?b=1#${'x'.repeat(3000)}`, '/a?b=1'],
    ['the last parameter', `/a?b=1&c=${'x'.repeat(3000)}`, '/a?b=1'],
    [
      'a parameter and what follows',
      `/a?b=1&c=${'x'.repeat(1000)}&d=${'y'.repeat(3000)}&e=1`,
      `/a?b=1&c=${'x'.repeat(1000)}`,
    ],
    ['the path when nothing else helps', `/${'%20'.repeat(1000)}`, undefined],
  ])('loses %s when its url is too long, and the url stays one', async (_, address, kept) => {
    history.replaceState(null, '', address)
    const tracker = started()
    tracker.track('x')
    await tracker.flush()
    const { url, path } = events()[0] ?? {}
    expect(String(url).length).toBeLessThanOrEqual(LIMITS.url)
    expect(String(path).length).toBeLessThanOrEqual(LIMITS.path)
    expect(URL.canParse(String(url))).toBe(true)
    if (kept) expect(url).toBe(`http://localhost:3000${kept}`)
  })

  test('may have exactly 2048 characters of url', async () => {
    const address = `http://localhost:3000/a?b=`.padEnd(2048, 'x')
    history.replaceState(null, '', address)
    const tracker = started()
    tracker.track('x')
    await tracker.flush()
    expect(events()[0]?.url).toBe(address)
  })

  test('passes beforeSend once; null and a throw discard it, ids and time can not be changed', async () => {
    const seen: string[] = []
    const tracker = started({
      beforeSend(event) {
        seen.push(event.event)
        if (event.event === 'secret') return null
        if (event.event === 'broken') throw new Error('hook')
        return { ...event, event_id: 'same', timestamp: 'never', path: '/masked' }
      },
    })
    for (const name of ['secret', 'broken', 'kept']) tracker.track(name)
    answers = [() => new Response(null, { status: 503 })]
    await tracker.flush()
    await tracker.flush()
    expect(seen).toEqual(['secret', 'broken', 'kept'])
    expect(events().map(({ event, path }) => [event, path])).toEqual([['kept', '/masked']])
    expect(events()[0]?.event_id).not.toBe('same')
    expect(events()[0]?.timestamp).not.toBe('never')
  })
})

describe('identity', () => {
  test('identify posts the link and marks what follows, on the next page too, until reset', async () => {
    const tracker = started()
    tracker.track('before')
    tracker.identify(42, { plan: 'pro' })
    tracker.track('after')
    await tracker.flush()
    const id = tracker.getAnonymousId()
    expect(sent.map(({ path }) => path)).toEqual(['/v1/batch', '/v1/identify', '/v1/batch'])
    expect(sent[1]?.events[0]).toEqual({
      event_id: expect.any(String),
      timestamp: expect.any(String),
      sent_at: expect.any(String),
      anonymous_id: id,
      user_id: '42',
      traits: { plan: 'pro' },
    })
    expect(sent[2]?.events[0]).toMatchObject({ event: 'after', user_id: '42', anonymous_id: id })

    const next = started()
    next.track('next page')
    await next.flush()
    expect(events().at(-1)).toMatchObject({ user_id: '42', anonymous_id: id })
    next.reset()
    next.track('logged out')
    await next.flush()
    expect(events().at(-1)).not.toHaveProperty('user_id')
    expect(events().at(-1)?.anonymous_id).not.toBe(id)
  })

  test.each([...ILLEGAL_IDS, 'NULL', ' ', 'x'.repeat(LIMITS.userId + 1)])(
    'refuses %j as a user',
    async (id) => {
      const tracker = started()
      tracker.identify(id)
      tracker.track('x')
      await tracker.flush()
      expect(events()).toHaveLength(1)
      expect(events()[0]).not.toHaveProperty('user_id')
    },
  )

  test.each(['0', 'nullable', '00000000', 'x'.repeat(LIMITS.userId)])('takes %j as a user', async (id) => {
    const tracker = started()
    tracker.identify(id)
    tracker.track('x')
    await tracker.flush()
    expect(events().at(-1)?.user_id).toBe(id)
  })

  test('setAnonymousId takes an id of the page and refuses a broken one', () => {
    const tracker = started()
    tracker.setAnonymousId('u_8f3c1a')
    tracker.setAnonymousId('undefined')
    tracker.setAnonymousId('x'.repeat(LIMITS.anonymousId + 1))
    expect(tracker.getAnonymousId()).toBe('u_8f3c1a')
  })

  test.each([
    ['blocked', { getItem: () => raise(), setItem: () => raise(), removeItem: () => raise() }],
    ['full', { getItem: () => null, setItem: () => raise(), removeItem: () => {} }],
  ])('lives in memory where storage is %s', async (_, storage) => {
    vi.stubGlobal('localStorage', storage)
    const tracker = started()
    tracker.reset()
    tracker.track('a')
    tracker.identify('ada')
    tracker.track('b')
    await tracker.flush()
    expect(new Set(events().map(({ anonymous_id }) => anonymous_id)).size).toBe(1)
    expect(events().at(-1)?.user_id).toBe('ada')
  })
})

function raise(): never {
  throw new DOMException('denied', 'SecurityError')
}

describe('pageviews', () => {
  const views = (): unknown[][] => events().map(({ path, referrer }) => [path, referrer])

  test('come on start and with each new path or query, with the page before as referrer', async () => {
    const tracker = started({ autoPageView: true })
    history.pushState(null, '', '/a')
    history.pushState(null, '', '/a?page=2')
    history.pushState(null, '', '/a?page=2')
    history.pushState(null, '', '/a?page=2#part')
    history.replaceState(null, '', '/a?page=3')
    history.replaceState(null, '', '/login')
    history.pushState(null, '', '/app#/one')
    history.pushState(null, '', '/app#/two')
    await tracker.flush()
    const at = (path: string): string => `http://localhost:3000${path}`
    expect(views()).toEqual([
      ['/start', undefined],
      ['/a', at('/start')],
      ['/a', at('/a')],
      ['/login', at('/a?page=2')],
      ['/app#/one', at('/login')],
      ['/app#/two', at('/app#/one')],
    ])
    expect(events().every(({ event }) => event === '$pageview')).toBe(true)
  })

  test('by hand carry a name, and move the referrer on', async () => {
    const tracker = started()
    tracker.page('Pricing', { plan: 'pro' })
    history.pushState(null, '', '/b')
    tracker.page()
    await tracker.flush()
    expect(propertiesOf(0)).toMatchObject({ $page_name: 'Pricing', plan: 'pro' })
    expect(propertiesOf(1)).not.toHaveProperty('$page_name')
    expect(views()).toEqual([
      ['/start', undefined],
      ['/b', 'http://localhost:3000/start'],
    ])
  })

  test('history keeps what others have put there and is put back by optOut', () => {
    const { pushState, replaceState } = history
    const theirs = vi.fn(pushState)
    history.pushState = theirs
    const tracker = started({ autoPageView: true })
    expect(history.pushState).not.toBe(theirs)
    history.pushState({ state: 1 }, '', '/c')
    expect(theirs).toHaveBeenCalledWith({ state: 1 }, '', '/c')
    tracker.optOut()
    expect(history.pushState).toBe(theirs)
    expect(history.replaceState).toBe(replaceState)
    history.pushState = pushState
  })

  test('history that somebody chained on top stays theirs', () => {
    const { pushState } = history
    const tracker = started({ autoPageView: true })
    const chained = vi.fn(history.pushState)
    history.pushState = chained
    tracker.optOut()
    expect(history.pushState).toBe(chained)
    history.pushState = pushState
  })
})

describe('permission', () => {
  test.each([
    ['doNotTrack', '1'],
    ['globalPrivacyControl', true],
  ])('with %s no id is kept and nothing is sent, unless told otherwise', async (name, value) => {
    Object.defineProperty(navigator, name, { value, configurable: true })
    const { pushState } = history
    const tracker = started({ autoPageView: true })
    tracker.identify('ada')
    tracker.setAnonymousId('u_1')
    tracker.track('x')
    await tracker.flush()
    expect(history.pushState).toBe(pushState)
    expect([sent, localStorage.length, tracker.getAnonymousId()]).toEqual([[], 0, null])

    const told = started({ respectPrivacySignals: false })
    told.track('x')
    await told.flush()
    expect(events()).toHaveLength(1)
    Reflect.deleteProperty(navigator, name)
  })

  test('optOut forgets, discards and lasts; optIn takes it back', async () => {
    const tracker = started()
    const id = tracker.getAnonymousId()
    tracker.track('waiting')
    tracker.optOut()
    tracker.track('later')
    await tracker.flush()
    expect([sent, localStorage.getItem('mm_aid'), tracker.getAnonymousId()]).toEqual([[], null, null])

    const next = started({ autoPageView: true })
    next.track('next visit')
    await next.flush()
    expect(sent).toEqual([])
    next.optIn()
    next.optIn()
    next.track('in')
    await next.flush()
    expect(events().map(({ event }) => event)).toEqual(['$pageview', 'in'])
    expect(next.getAnonymousId()).not.toBe(id)
  })
})

describe('init', () => {
  test('again with the same key does nothing; another key takes over', async () => {
    const tracker = started({ autoPageView: true })
    tracker.init({ key: 'pk_test_1' })
    await tracker.flush()
    expect(events()).toHaveLength(1)
    tracker.init({ key: 'pk_test_2', autoPageView: false })
    tracker.track('x')
    await tracker.flush()
    expect(sent.at(-1)).toMatchObject({ authorization: 'Bearer pk_test_2' })
  })

  test('carries out what was called before it, in order, before the first pageview', async () => {
    const tracker = createTracker()
    trackers.push(tracker)
    tracker.setAnonymousId('u_mine')
    tracker.track('early')
    expect(tracker.getAnonymousId()).toBeNull()
    tracker.init({ key: 'pk_test_1' })
    await tracker.flush()
    expect(events().map(({ event, anonymous_id }) => [event, anonymous_id])).toEqual([
      ['early', 'u_mine'],
      ['$pageview', 'u_mine'],
    ])
  })

  test('refuses a key that is not public', async () => {
    for (const key of ['sk_test_secret', '', undefined]) {
      const tracker = createTracker()
      Reflect.apply(tracker.init, undefined, [{ key }])
      tracker.track('x')
      await tracker.flush()
    }
    expect(sent).toEqual([])
    expect(console.warn).toHaveBeenCalledWith('[millimetric] init() needs a public key, pk_...', undefined)
  })
})

describe('delivery', () => {
  const status =
    (code: number, headers: Record<string, string> = {}) =>
    (): Response =>
      Response.json({ error: 'some_code' }, { status: code, headers })

  test.each([408, 429, 500, 502, 503, 599])('%i is tried again with the same bytes', async (code) => {
    vi.useFakeTimers()
    answers = [status(code), status(code)]
    const tracker = started()
    tracker.track('x')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent).toHaveLength(3)
    expect(sent[1]?.events).toEqual(sent[0]?.events)
    expect(sent[2]?.events).toEqual(sent[0]?.events)
  })

  test.each([400, 401, 403, 404, 413, 415, 422])('%i is given up with one warning', async (code) => {
    vi.useFakeTimers()
    answers = [status(code), status(code)]
    const tracker = started()
    tracker.track('x')
    await vi.advanceTimersByTimeAsync(60_000)
    tracker.track('y')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(events().map(({ event }) => event)).toEqual(['x', 'y'])
    const warned = vi.mocked(console.warn).mock.calls.filter(([text]) => text === `[millimetric] ${code}`)
    expect(warned).toHaveLength(1)
  })

  test.each([
    ['7', 7_000],
    ['100000', 300_000],
    [() => new Date(Date.now() + 20_000).toUTCString(), 20_000],
  ])('Retry-After %s is waited for', async (header, wait) => {
    vi.useFakeTimers({ now: 1_800_000_000_000 })
    answers = [status(503, { 'retry-after': typeof header === 'function' ? header() : header })]
    const tracker = started()
    tracker.track('x')
    await vi.advanceTimersByTimeAsync(wait - 1000)
    await tracker.flush()
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2000)
    expect(sent).toHaveLength(2)
  })

  test.each(['soon', '-5', ''])('Retry-After %j is back-off, longer each time', async (header) => {
    vi.useFakeTimers()
    const at: number[] = []
    answers = Array.from({ length: 5 }, () => () => {
      at.push(Date.now())
      return status(503, { 'retry-after': header })()
    })
    const tracker = started()
    tracker.track('x')
    await vi.advanceTimersByTimeAsync(60_000)
    const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0))
    expect(waits).toHaveLength(4)
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** index)
      expect(wait).toBeLessThanOrEqual(1000 * 2 ** index + 5)
    }
  })

  test('a network error is tried again, at once when the network is back', async () => {
    vi.useFakeTimers()
    answers = [() => Promise.reject(new TypeError('failed'))]
    const tracker = started({ autoPageView: true })
    await vi.advanceTimersByTimeAsync(100)
    dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(1)
    expect(sent).toHaveLength(2)
    expect(sent[1]?.events).toEqual(sent[0]?.events)
    await tracker.flush()
  })

  test('the queue keeps the newest 1000 and says so', async () => {
    vi.useFakeTimers()
    const tracker = started({ flushBatchSize: 5000, flushIntervalMs: 100 })
    for (let n = 0; n < 1003; n++) tracker.track(`e${n}`)
    await vi.advanceTimersByTimeAsync(200)
    expect(events()).toHaveLength(1000)
    expect(events()[0]?.event).toBe('e3')
    expect(sent.every(({ events }) => JSON.stringify(events).length < 33_000)).toBe(true)
  })

  test('so many events go at once, the others after the interval', async () => {
    vi.useFakeTimers()
    const tracker = started({ flushBatchSize: 3, flushIntervalMs: 2000 })
    for (const name of ['a', 'b', 'c']) tracker.track(name)
    await vi.advanceTimersByTimeAsync(1)
    expect(events()).toHaveLength(3)
    tracker.track('d')
    await vi.advanceTimersByTimeAsync(1990)
    expect(events()).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(20)
    expect(events()).toHaveLength(4)
  })

  test('a rejected event of an accepted batch is told to the developer', async () => {
    const results = [
      { index: 0, event_id: null, status: 'rejected', code: 'missing_event', message: 'no name' },
    ]
    answers = [() => Response.json({ ok: true, count: 0, results }, { status: 202 })]
    const tracker = started()
    tracker.track('')
    await tracker.flush()
    await tracker.flush()
    expect(console.warn).toHaveBeenCalledWith('[millimetric] missing_event', 'no name')
    expect(sent).toHaveLength(1)
  })
})

test('nothing that a page passes throws', async () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  let deep: Record<string, unknown> = {}
  for (let depth = 0; depth < 100_000; depth++) deep = { deep }
  const hostile: unknown[] = [
    circular,
    deep,
    { big: 1n },
    { toJSON: () => raise() },
    Object.defineProperty({}, 'x', { enumerable: true, get: raise }),
    new Proxy({}, { ownKeys: raise }),
    { date: new Date(Number.NaN), symbol: Symbol('x'), run() {} },
    null,
    'text',
    42,
    Symbol('x'),
    Object.create(null),
  ]
  const tracker = started()
  for (const value of hostile) {
    for (const method of [
      tracker.track,
      tracker.identify,
      tracker.page,
      tracker.setAnonymousId,
      tracker.init,
    ]) {
      expect(() => Reflect.apply(method, undefined, [value, value])).not.toThrow()
      expect(() => Reflect.apply(method, undefined, ['name', value])).not.toThrow()
    }
  }
  tracker.track('still alive')
  await tracker.flush()
  expect(events().at(-1)).toMatchObject({ event: 'still alive' })
})
