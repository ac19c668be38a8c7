import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matcherOf, originMatcher, validateAllowedOrigin } from '../../src/auth/origin.js'

const LISTED = ['https://example.com', 'http://localhost:3000', 'https://xn--mnchen-3ya.de']
const WILD = ['https://*.example.com', 'https://*.shop.example.org:8443', 'http://*.localhost']

describe('originMatcher', () => {
  it.each(LISTED)('accepts the listed %s', (origin) => {
    expect(originMatcher(LISTED)(origin)).toBe(true)
  })

  // Row 61: browsers send the canonical form, so anything else is no browser.
  it.each([
    null,
    '',
    'null',
    'https://evilexample.com',
    'https://example.com.evil.com',
    'https://example.com.',
    'http://example.com',
    'https://example.com:8443',
    'https://example.com:443',
    'https://example。com',
    'https://ⓔxample.com',
    'https://example.com, https://example.com',
    'https://example.com https://evil.com',
    'https://EXAMPLE.com',
    'HTTPS://example.com',
    'https://example.com/',
    'https://example.com/path',
    'https://example.com?',
    'https://example.com#',
    'https://user@example.com',
    'https://example.com@evil.com',
    'https://www.example.com',
    ' https://example.com',
    'https://example.com\n',
    'https://example.com\0',
    'https:/example.com',
    '//example.com',
    'example.com',
    '*',
    'https://*',
    'http://localhost',
    'http://localhost:03000',
    'https://münchen.de',
    `https://${'a'.repeat(10_000)}.com`,
    '__proto__',
  ])('refuses %j', (header) => {
    expect(originMatcher(LISTED)(header)).toBe(false)
    expect(originMatcher([])(header)).toBe(false)
  })

  it.each([
    ['https://a.example.com', true],
    ['https://a.b.example.com', true],
    ['https://xn--mnchen-3ya.example.com', true],
    ['https://a.shop.example.org:8443', true],
    ['http://app.localhost', true],
    ['https://example.com', false],
    ['https://evilexample.com', false],
    ['https://a.evilexample.com', false],
    ['https://a.example.com.evil.com', false],
    ['https://evil.com/.example.com', false],
    ['https://a.example.com.', false],
    ['https://.example.com', false],
    ['https://a..example.com', false],
    ['https://A.example.com', false],
    ['http://a.example.com', false],
    ['https://a.example.com:8443', false],
    ['https://a.example.com:443', false],
    ['https://a.shop.example.org', false],
    ['https://a.example.org:8443', false],
    ['https://user@a.example.com', false],
    ['https://a.example.com/', false],
    ['https://*.example.com', false],
    ['https://a。example.com', false],
    ['http://localhost', false],
    ["https://a'b.example.com", false],
    ['null', false],
  ])('with wildcards answers %j with %s', (header, allowed) => {
    expect(originMatcher(WILD)(header)).toBe(allowed)
  })

  it('is made once for a list, however many requests come', () => {
    const [one, two] = [['https://a.test'], ['https://b.test']]
    expect(matcherOf(one)).toBe(matcherOf(one))
    expect([one, two].map((list) => matcherOf(list)('https://a.test'))).toEqual([true, false])
  })

  it('matches nothing by entries that nobody may list', () => {
    const bad = [
      '*',
      'null',
      'https://*',
      'https://*.com',
      'https://Example.com',
      'https://example.com.',
      'https://*.*.com',
    ]
    const matches = originMatcher(bad)
    for (const header of [...bad, 'https://a.com', 'https://example.com', 'https://a.b.com'])
      expect(matches(header)).toBe(false)
  })

  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
  const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'))

  it('never accepts a look-alike of an exact entry', () => {
    fc.assert(
      fc.property(
        host,
        label,
        fc.constantFrom('before', 'glued', 'after', 'dot', 'port', 'upper'),
        (name, extra, how) => {
          const origin = `https://${name}`
          fc.pre(isOrigin(origin))
          const look = {
            before: `https://${extra}.${name}`,
            glued: `https://${extra}${name}`,
            after: `${origin}.${extra}`,
            dot: `${origin}.`,
            port: `${origin}:8443`,
            upper: origin.toUpperCase(),
          }[how]
          expect(originMatcher([origin])(origin)).toBe(true)
          expect(originMatcher([origin])(look)).toBe(false)
        },
      ),
    )
  })

  it('accepts by a wildcard exactly the hosts with whole labels in front', () => {
    const nearBy = fc.oneof(
      host,
      fc.tuple(label, host).map(([a, b]) => `${a}${b}`),
      fc.tuple(label, host).map(([a, b]) => `${a}.${b}`),
    )
    fc.assert(
      fc.property(host, nearBy, fc.boolean(), (suffix, other, below) => {
        const name = below ? `${other}.${suffix}` : other
        fc.pre(isOrigin(`https://x.${suffix}`) && isOrigin(`https://${name}`))
        const expected = name !== suffix && name.endsWith(`.${suffix}`)
        expect(originMatcher([`https://*.${suffix}`])(`https://${name}`)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })
})

describe('validateAllowedOrigin', () => {
  it.each([...LISTED, ...WILD, 'http://127.0.0.1:8080', 'http://[::1]:3000'])('takes %s', (entry) => {
    expect(validateAllowedOrigin(entry)).toBe(entry)
  })

  it.each([
    ['https://Example.com', 'did you mean "https://example.com"'],
    ['https://example.com/', 'did you mean "https://example.com"'],
    ['https://example.com/path?x', 'did you mean "https://example.com"'],
    ['https://example.com:443', 'did you mean "https://example.com"'],
    ['https://münchen.de', 'did you mean "https://xn--mnchen-3ya.de"'],
    ['https://*.Example.com/', 'did you mean "https://*.example.com"'],
    ['example.com', 'must start with http'],
    ['null', 'must start with http'],
    ['*', 'must start with http'],
    ['', 'must start with http'],
    ['ftp://example.com', 'must start with http'],
    ['https://*', 'whole first label'],
    ['https://*example.com', 'whole first label'],
    ['https://a.*.com', 'whole first label'],
    ['https://*.*.com', 'whole first label'],
    ['https://*.com', 'top-level domain'],
    ['https://example.com.', 'is not an origin'],
    ['https://', 'is not an origin'],
    ['https://*.1.2.3.4', 'is not an origin'],
    ['https://exa mple.com', 'is not an origin'],
    [`https://${'a'.repeat(300)}.com`, 'is not an origin'],
  ])('refuses %j: %s', (entry, reason) => {
    expect(() => validateAllowedOrigin(entry)).toThrow(
      expect.objectContaining({ code: 'invalid_params', details: { field: 'allowed_origins' } }),
    )
    expect(() => validateAllowedOrigin(entry)).toThrow(reason)
  })

  it.each([undefined, null, 7, {}, ['https://example.com']])('refuses %j, which is no text', (entry) => {
    expect(() => validateAllowedOrigin(entry as string)).toThrow(
      expect.objectContaining({ code: 'invalid_params' }),
    )
  })
})

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}
