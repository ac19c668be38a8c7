import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type Analytics, createAnalytics, type OwnTraffic } from '../../src/index.js'
import { createEventNames } from '../../src/ingest/event-names.js'
import { ownTrafficMatcher } from '../../src/ingest/own-traffic.js'
import { memoryEvents, memoryKeys } from '../../src/stores/memory/index.js'

const open: Analytics[] = []
afterEach(async () => {
  for (const analytics of open.splice(0)) await analytics.close()
})

async function start(options: { ownTraffic?: OwnTraffic; maxEventNames?: number; clock?: () => number }) {
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: () => {},
    rateLimits: { track: null, batch: null },
    ...options,
  })
  open.push(analytics)
  const made = await analytics.projects.create({
    slug: 'p',
    allowed_origins: ['https://p.test', 'http://localhost:3000'],
  })
  async function send(
    key: string,
    event: object,
    { origin = 'https://p.test', ip = '198.51.100.1' } = {},
  ): Promise<{ status: number; body: { status?: string; error?: string; details?: { reason?: string } } }> {
    const answer = await analytics.handler(
      new Request('http://x/v1/track', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, origin },
        body: JSON.stringify({ anonymous_id: 'a', ...event }),
      }),
      { ip },
    )
    return { status: answer.status, body: await answer.json() }
  }
  return { analytics, ...made, send }
}

describe('addresses', () => {
  const cases: [entry: string, address: string, within: boolean][] = [
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.7', '203.0.113.8', false],
    ['203.0.113.0/31', '203.0.113.1', true],
    ['203.0.113.0/31', '203.0.113.2', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '127.0.0.1', false],
    ['::1', '::1', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:DB8:0:0::/64', '2001:db8::1:2:3:4', true],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
  ]
  it.each(cases)('%s holds %s: %s', (entry, address, within) => {
    const isOwn = ownTrafficMatcher({ addresses: [entry] })
    expect(isOwn({ origins: [], address, key: undefined })).toBe(within)
    expect(isOwn({ origins: [], address: '', key: undefined })).toBe(false)
  })

  it.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'x',
    '',
    '::1/129',
    '1.2.3.4/x',
  ])('refuse %j', (entry) => {
    expect(() => ownTrafficMatcher({ addresses: [entry] })).toThrow(/ownTraffic\.addresses/)
  })

  it('agree with the arithmetic of 32 bits', () => {
    const part = fc.nat(0xffffffff)
    fc.assert(
      fc.property(part, part, fc.integer({ min: 0, max: 32 }), (one, two, size) => {
        const text = (n: number): string => [24, 16, 8, 0].map((by) => (n >>> by) & 255).join('.')
        const mask = size === 0 ? 0 : (~0 << (32 - size)) >>> 0
        const isOwn = ownTrafficMatcher({ addresses: [`${text(one)}/${size}`] })
        const within = (one & mask) >>> 0 === (two & mask) >>> 0
        expect(isOwn({ origins: [], address: text(two), key: undefined })).toBe(within)
      }),
      { seed: 3 },
    )
  })
})

describe('own traffic', () => {
  it('is dropped by origin, by the page of the event, by address, and by the visitor that a server names', async () => {
    const ownTraffic = { origins: ['http://localhost:3000'], addresses: ['203.0.113.0/24'] }
    const { send, keys, analytics } = await start({ ownTraffic })
    const dropped = { status: 202, body: { status: 'dropped' } }
    expect(await send(keys.pk, { event: 'e' }, { origin: 'http://localhost:3000' })).toMatchObject(dropped)
    expect(await send(keys.sk, { event: 'e', url: 'http://localhost:3000/x' })).toMatchObject(dropped)
    expect(await send(keys.pk, { event: 'e' }, { ip: '203.0.113.9' })).toMatchObject(dropped)
    expect(await send(keys.sk, { event: 'e', ip: '203.0.113.9' })).toMatchObject(dropped)
    expect(await analytics.track({ event: 'e', anonymous_id: 'a' }, { ip: '203.0.113.9' })).toMatchObject({
      ok: false,
      status: 'dropped',
      code: 'own_traffic',
    })
    // A browser can't name another visitor, so it can't hide its own address either.
    expect(await send(keys.pk, { event: 'e', ip: '203.0.113.9' })).toMatchObject({
      body: { status: 'stored' },
    })
    expect(await send(keys.pk, { event: 'e' })).toMatchObject({ body: { status: 'stored' } })
    expect((await analytics.query({ range: '7d' })).rows).toHaveLength(2)
  })

  it('of one key is dropped whatever it sends, and that of the others is stored', async () => {
    const keys = memoryKeys()
    const events = memoryEvents()
    const first = createAnalytics({ events, keys })
    const made = await first.projects.create({ slug: 'p', allowed_origins: ['https://p.test'] })
    const office = await first.keys.create({ project_id: made.project.id, kind: 'sk' })
    const analytics = createAnalytics({
      events,
      keys,
      delivery: { flushIntervalMs: 0 },
      ownTraffic: { keys: [office.key.prefix] },
    })
    open.push(analytics)
    const ask = async (key: string, path: string, body: object): Promise<unknown> => {
      const headers = { authorization: `Bearer ${key}`, origin: 'https://p.test' }
      const request = new Request(`http://x${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return await (await analytics.handler(request)).json()
    }
    const event = { event: 'e', anonymous_id: 'a' }
    const dropped = { status: 'dropped', code: 'own_traffic' }
    expect(await ask(office.secret, '/v1/track', event)).toMatchObject({ ok: true, status: 'dropped' })
    expect(await ask(office.secret, '/v1/batch', { events: [event, event] })).toMatchObject({
      count: 0,
      results: [dropped, dropped],
    })
    for (const key of [made.keys.sk, made.keys.pk]) {
      expect(await ask(key, '/v1/track', event)).toMatchObject({ status: 'stored' })
    }
    expect((await analytics.query({ range: '7d' })).rows).toHaveLength(2)
    expect(await analytics.usage()).toMatchObject({ months: [{ events: 2 }] })
  })

  it('is dropped by key, named by its prefix', async () => {
    const { keys: first } = await start({})
    const prefix = first.sk.split('_')[2] ?? ''
    expect(() => ownTrafficMatcher({ keys: [first.sk] })).toThrow(/never a whole key/)
    const isOwn = ownTrafficMatcher({ keys: [prefix] })
    expect(isOwn({ origins: [], address: '', key: prefix })).toBe(true)
    expect(isOwn({ origins: [], address: '', key: 'ffffffff' })).toBe(false)
  })

  it.each(['localhost', 'http://localhost:3000/', 'HTTP://localhost', 'null', ''])(
    'refuses the origin %j',
    async (origin) => {
      await expect(start({ ownTraffic: { origins: [origin] } })).rejects.toThrow(/ownTraffic\.origins/)
    },
  )
})

describe('event names', () => {
  it('of a public key end at the limit, known names and other keys go on, and the next day begins anew', async () => {
    let now = Date.parse('2026-05-16T19:00:00Z')
    const { send, keys } = await start({ maxEventNames: 3, clock: () => now })
    const answers: (string | undefined)[] = []
    for (const event of ['a', 'b', 'c', 'd', 'a', 'e']) {
      const { status, body } = await send(keys.pk, { event })
      answers.push(status === 202 ? 'stored' : body.details?.reason)
    }
    const over = 'too_many_event_names'
    expect(answers).toEqual(['stored', 'stored', 'stored', over, 'stored', over])
    for (const event of ['d', 'e', 'f', 'g']) expect((await send(keys.sk, { event })).status).toBe(202)
    now += 86_400_000
    expect((await send(keys.pk, { event: 'd' })).status).toBe(202)
  })

  it('of a batch are judged one by one', async () => {
    const { analytics, keys } = await start({ maxEventNames: 2 })
    const answer = await analytics.handler(
      new Request('http://x/v1/batch', {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.pk}`, origin: 'https://p.test' },
        body: JSON.stringify({ events: ['a', 'b', 'c', 'a'].map((event) => ({ event, anonymous_id: 'x' })) }),
      }),
    )
    const { results } = await answer.json()
    expect(results.map(({ status }: { status: string }) => status)).toEqual([
      'stored',
      'stored',
      'rejected',
      'stored',
    ])
  })

  it('take bounded memory, however many keys send', () => {
    const names = createEventNames(5)
    for (let key = 0; key < 5_000; key++) {
      for (let name = 0; name < 10; name++) {
        expect(names.admit(`key-${key}`, `name-${name}`, '2026-05-16')).toBe(name < 5)
      }
    }
  })
})
