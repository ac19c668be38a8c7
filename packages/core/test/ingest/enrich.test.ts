import { createAnalytics, type Diagnostic, defineEvents, type StoredEvent } from '@millimetric/core'
import { memoryKeys } from '@millimetric/core/memory'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { clientAddress, normalizeAddress } from '../../src/ingest/address.js'
import { resolveCountry } from '../../src/ingest/country.js'
import { scrubUrl } from '../../src/ingest/scrub.js'
import { derivedSessionId } from '../../src/ingest/session.js'
import { createUserAgentReader } from '../../src/ingest/user-agent.js'
import type { AnalyticsOptions } from '../../src/options.js'
import { seenEvents } from './seen-events.js'

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
const NOON = Date.UTC(2026, 4, 16, 12)

async function setup(options: Partial<AnalyticsOptions> = {}): Promise<{
  analytics: ReturnType<typeof createAnalytics>
  stored: StoredEvent[]
  keys: { pk: string; sk: string; rk: string }
  projectId: string
  diagnostics: Diagnostic[]
  post(key: string, event: unknown, headers?: Record<string, string>, ip?: string): Promise<Response>
}> {
  const stored: StoredEvent[] = []
  const diagnostics: Diagnostic[] = []
  const analytics = createAnalytics({
    events: seenEvents(stored),
    keys: memoryKeys(),
    clock: () => NOON,
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  })
  const { keys, project } = await analytics.projects.create({
    slug: 'p',
    allowed_origins: ['https://p.test'],
  })
  return {
    analytics,
    stored,
    keys,
    projectId: project.id,
    diagnostics,
    post: async (key, event, headers = {}, ip) =>
      await analytics.handler(
        new Request('http://p.test/v1/track', {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, origin: 'https://p.test', ...headers },
          body: JSON.stringify(event),
        }),
        ip === undefined ? {} : { ip },
      ),
  }
}

describe('who sent it', () => {
  test('a crawler with a public key is flagged; a secret key is never judged', async () => {
    const { post, keys, stored } = await setup()
    await post(keys.pk, { event: 'e', anonymous_id: 'a' }, { 'user-agent': GOOGLEBOT })
    await post(keys.sk, { event: 'e', anonymous_id: 'a' }, { 'user-agent': GOOGLEBOT })
    await post(keys.sk, { event: 'e', anonymous_id: 'a', user_agent: GOOGLEBOT })
    expect(stored.map(({ is_bot }) => is_bot)).toEqual([true, false, true])
  })

  test('device, browser and system come from the user agent', async () => {
    const { post, keys, stored } = await setup()
    await post(keys.pk, { event: 'e', anonymous_id: 'a' }, { 'user-agent': IPHONE })
    expect(stored[0]).toMatchObject({ device_type: 'mobile', browser: 'safari', os: 'ios', is_bot: false })
  })

  test('only trusted senders speak for a visitor', async () => {
    const { post, keys, stored, analytics } = await setup()
    const event = { event: 'e', anonymous_id: 'a', ip: '203.0.113.9', user_agent: IPHONE }
    await post(keys.pk, event, {}, '198.51.100.1')
    await post(keys.sk, event, {}, '198.51.100.1')
    await analytics.track(event)
    await analytics.track({ event: 'e', anonymous_id: 'a' }, { ip: '203.0.113.9', userAgent: IPHONE })
    const [own, ...spoken] = stored.map(({ ip_hash, os }) => ({ ip_hash, os }))
    expect(own?.os).toBe('')
    expect(new Set(spoken.map(({ ip_hash }) => ip_hash)).size).toBe(1)
    expect(spoken[0]?.ip_hash).not.toBe(own?.ip_hash)
    expect(spoken.every(({ os }) => os === 'ios')).toBe(true)
  })

  test('ip_hash is 32 hex characters, the same within a day, another the next', async () => {
    let now = NOON
    const { post, keys, stored } = await setup({ clock: () => now })
    const send = async (): Promise<Response> =>
      await post(keys.sk, { event: 'e', anonymous_id: 'a' }, {}, '203.0.113.7')
    await send()
    await send()
    now += 86_400_000
    await send()
    const [first, second, third] = stored.map(({ ip_hash }) => ip_hash)
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(second).toBe(first)
    expect(third).toMatch(/^[0-9a-f]{32}$/)
    expect(third).not.toBe(first)
  })

  test('at most two salts are alive', async () => {
    let now = NOON
    const keys = memoryKeys()
    const days: string[] = []
    const { post, keys: minted } = await setup({
      clock: () => now,
      keys: {
        ...keys,
        async claimSalt(candidate) {
          days.push(candidate.day)
          return await keys.claimSalt(candidate)
        },
      },
    })
    for (let day = 0; day < 4; day++) {
      await post(minted.sk, { event: 'e', anonymous_id: 'a' }, {}, '203.0.113.7')
      now += 86_400_000
    }
    expect(days).toEqual(['2026-05-16', '2026-05-17', '2026-05-18', '2026-05-19'])
    expect(await keys.deleteSaltsBefore('2999-01-01')).toBe(2)
  })

  test('no id at all: one cookieless visitor per address and agent, with a warning', async () => {
    const { post, keys, stored } = await setup()
    const answer = await post(keys.sk, { event: 'e' }, { 'user-agent': 'x' }, '203.0.113.7')
    expect(await answer.json()).toMatchObject({ warnings: ['anonymous_id_generated'] })
    await post(keys.sk, { event: 'e' }, { 'user-agent': 'x' }, '203.0.113.7')
    await post(keys.sk, { event: 'e' }, { 'user-agent': 'y' }, '203.0.113.7')
    await post(keys.sk, { event: 'e' }, { 'user-agent': 'x' })
    await post(keys.sk, { event: 'e' }, { 'user-agent': 'x' })
    const ids = stored.map(({ anonymous_id }) => anonymous_id)
    expect(ids[0]).toMatch(/^c_[0-9a-f]{32}$/)
    expect(ids[1]).toBe(ids[0])
    expect(new Set(ids).size).toBe(4)
  })

  test('a key store that is away costs the hash, not the event', async () => {
    const { analytics, stored, diagnostics } = await setup({
      keys: {
        ...memoryKeys(),
        async claimSalt() {
          throw new Error('away')
        },
      },
    })
    await analytics.track({ event: 'e', anonymous_id: 'a' }, { ip: '203.0.113.7' })
    expect(stored[0]?.ip_hash).toBe('')
    expect(diagnostics).toMatchObject([{ kind: 'key_store_failed', operation: 'claimSalt' }])
  })

  test('no raw address reaches a row', async () => {
    const { post, keys, stored } = await setup({ trustedProxies: 1 })
    await post(
      keys.sk,
      { event: 'e', ip: '203.0.113.99' },
      { 'x-forwarded-for': '203.0.113.98' },
      '203.0.113.97',
    )
    expect(JSON.stringify(stored)).not.toContain('203.0.113.')
  })
})

describe('hooks and catalog', () => {
  test('beforeStore changes, drops, and cannot change what identifies the event', async () => {
    const { analytics, stored } = await setup({
      beforeStore: (event) =>
        event.event_name === 'secret'
          ? null
          : { ...event, path: '/masked', project_id: 'other', event_id: 'other' },
    })
    expect(await analytics.track({ event: 'e', anonymous_id: 'a', event_id: 'mine' })).toMatchObject({
      ok: true,
    })
    expect(await analytics.track({ event: 'secret', anonymous_id: 'a' })).toMatchObject({
      status: 'dropped',
      code: 'dropped_by_hook',
    })
    expect(stored).toMatchObject([{ path: '/masked', event_id: 'mine' }])
    expect(stored[0]?.project_id).not.toBe('other')
  })

  test('a hook that throws costs nothing', async () => {
    const { analytics, stored, diagnostics } = await setup({
      beforeStore: () => {
        throw new Error('bug')
      },
    })
    expect(await analytics.track({ event: 'e', anonymous_id: 'a' })).toMatchObject({ ok: true })
    expect([stored.length, diagnostics[0]?.kind]).toEqual([1, 'hook_failed'])
  })

  test('a catalog closes the names and checks the properties', async () => {
    const { analytics } = await setup({
      catalog: defineEvents({ signup: z.object({ plan: z.enum(['free', 'pro']) }) }),
    })
    const track = async (event: string, properties: Record<string, unknown>): Promise<unknown> => {
      const receipt = await analytics.track({ event, anonymous_id: 'a', properties })
      return receipt.ok ? receipt.status : receipt.code
    }
    expect(await track('signup', { plan: 'pro' })).toBe('stored')
    expect(await track('signup', { plan: 'gold' })).toBe('invalid_properties')
    expect(await track('singup', { plan: 'pro' })).toBe('unknown_event')
    expect(await track('$pageview', {})).toBe('stored')
  })
})

describe('addresses', () => {
  const cases: [string, string][] = [
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4321', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[2001:DB8::1]:443', '2001:db8::1'],
    ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['unknown', ''],
    ['', ''],
    ['999.1.1.1', ''],
    ['<script>', ''],
    ['1.2.3', ''],
  ]
  for (const [text, address] of cases) {
    test(`${JSON.stringify(text)} → ${JSON.stringify(address)}`, () =>
      expect(normalizeAddress(text)).toBe(address))
  }

  test('the n-th hop from the right, never the leftmost', () => {
    const headers = new Headers({ 'x-forwarded-for': '6.6.6.6, 203.0.113.1, 203.0.113.2' })
    expect(clientAddress(headers, '10.0.0.1', 0)).toBe('10.0.0.1')
    expect(clientAddress(headers, '10.0.0.1', 1)).toBe('203.0.113.2')
    expect(clientAddress(headers, '10.0.0.1', 2)).toBe('203.0.113.1')
    expect(clientAddress(headers, '10.0.0.1', 9)).toBe('')
    expect(clientAddress(new Headers(), '10.0.0.1', 1)).toBe('')
    const many = new Headers({ 'x-forwarded-for': Array(1000).fill('junk').join(',') })
    expect(clientAddress(many, undefined, 1)).toBe('')
  })

  test('any text gives an address or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (text) => {
        const once = normalizeAddress(text)
        expect(normalizeAddress(once)).toBe(once)
      }),
    )
  })
})

test('countries: a header of the CDN or a lookup, else empty', () => {
  const headers = new Headers({ 'cf-ipcountry': 'de' })
  expect(resolveCountry({ header: 'cf-ipcountry' }, headers, '')).toBe('DE')
  expect(resolveCountry(undefined, headers, '1.1.1.1')).toBe('')
  expect(resolveCountry({ header: 'cf-ipcountry' }, new Headers({ 'cf-ipcountry': 'T1' }), '')).toBe('')
  expect(resolveCountry({ header: 'cf-ipcountry' }, new Headers({ 'cf-ipcountry': 'XX' }), '')).toBe('')
  expect(resolveCountry({ lookup: (ip) => (ip === '1.1.1.1' ? 'AU' : null) }, headers, '1.1.1.1')).toBe('AU')
  const broken = (): string => {
    throw new Error('bad file')
  }
  expect(resolveCountry({ lookup: broken }, headers, '1.1.1.1')).toBe('')
})

describe('scrubbing', () => {
  const cases: [string, string][] = [
    ['https://a.test/?email=x&utm_source=y', 'https://a.test/?utm_source=y'],
    ['https://a.test/?EMAIL=x', 'https://a.test/'],
    ['https://a.test/?e%6dail=x&b=1', 'https://a.test/?b=1'],
    ['https://a.test/?access-token=x#frag', 'https://a.test/#frag'],
    ['https://a.test/#access_token=x&state=1', 'https://a.test/#state=1'],
    ['https://a.test/#/cb?token=x', 'https://a.test/#/cb'],
    ['https://jo:secret@a.test/p?q=1', 'https://a.test/p?q=1'],
    ['https://a.test/@user?q=a@b', 'https://a.test/@user?q=a@b'],
    ['https://a.test/?tokenomics=1&utm_email=x', 'https://a.test/?tokenomics=1&utm_email=x'],
    ['https://a.test/?%ff=1&password=x', 'https://a.test/?%ff=1'],
    ['/path?token=1&a=2', '/path?a=2'],
    ['', ''],
  ]
  for (const [url, scrubbed] of cases) {
    test(url, () => expect(scrubUrl(url)).toBe(scrubbed))
  }

  test('a URL without personal parameters stays byte for byte', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        fc.pre(
          !/(mail|phone|mobile|tel|pass|pwd|secret|token|auth|key|session|sid|jwt|otp|code|sign|ssn|iban|card|cv|name|dob|birth|addr|street|zip|post|magic|@)/i.test(
            url,
          ),
        )
        expect(scrubUrl(url)).toBe(url)
      }),
    )
  })
})

test('derived sessions: the vectors of the contract', () => {
  const at = (text: string): string => derivedSessionId('u_abc', Date.parse(text))
  expect(at('2026-05-16T19:00:00Z')).toBe('u_abc-988310')
  expect(at('2026-05-16T19:29:59.999Z')).toBe('u_abc-988310')
  expect(at('2026-05-16T19:30:00Z')).toBe('u_abc-988311')
  expect(derivedSessionId('', 0)).toBe('')
})

test('the user agent cache is bounded and gives what a fresh reading gives', () => {
  const cached = createUserAgentReader(2)
  for (const agent of [IPHONE, GOOGLEBOT, 'a', 'b', IPHONE, '', GOOGLEBOT]) {
    expect(cached(agent)).toEqual(createUserAgentReader(1)(agent))
  }
})
