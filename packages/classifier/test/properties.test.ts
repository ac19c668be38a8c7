import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHANNELS, type ClassifyInput, classify, explain } from '../src/index.js'

const CHANNEL_SET: ReadonlySet<string> = new Set(CHANNELS)

const PARAMS = [
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_term',
  'utm_content',
  'pk_source',
  'mtm_medium',
  'ref',
  'source',
  'gclid',
  'msclkid',
  'fbclid',
  'ttclid',
  'dclid',
  'gad_source',
  'irclickid',
  'mc_cid',
  'igshid',
  'ysclid',
  'q',
  'id',
  'ignore_referrer',
  'UTM_SOURCE',
  'GCLID',
  'sccid',
  'srsltid',
]
const VALUES = [
  'google',
  'facebook',
  'fb-ads',
  'newsletter',
  'cpc',
  'email',
  'social',
  'organic',
  'display',
  'null',
  '',
  'x',
  '2',
  'cross-network',
  'shopping',
  '%E4%BD%A0',
  '%',
  'a%20b',
  'a+b',
  'chatgpt.com',
  'Paid_Social',
  '(not set)',
  '{gclid}',
]
const HOSTS = [
  'www.google.com',
  'google.co.uk',
  'l.facebook.com',
  'mail.google.com',
  'chatgpt.com',
  'paypal.com',
  'localhost:3000',
  'shop.example',
  'blog.shop.example',
  'a.github.io',
  'some-blog.example',
  't.co',
  '食狮.公司.cn',
  'EXAMPLE.COM.',
  '[::1]',
]

const param = fc.tuple(fc.constantFrom(...PARAMS), fc.oneof(fc.constantFrom(...VALUES), fc.string()))
const query = fc.array(param, { maxLength: 8 })
const host = fc.oneof(fc.constantFrom(...HOSTS), fc.domain())
const scheme = fc.constantFrom(
  'https://',
  'http://',
  '//',
  '',
  'HTTPS://',
  'android-app://',
  'data:',
  'https://u:p@',
)

function join(pairs: readonly (readonly [string, string])[], separator = '&'): string {
  return pairs.map(([key, value]) => `${key}=${value}`).join(separator)
}

const address = fc
  .tuple(
    scheme,
    host,
    fc.constantFrom('', '/', '/a/b', '/aclk', '/i/grok'),
    query,
    fc.constantFrom('?', '#', ';', '#/x?'),
  )
  .map(([before, name, path, pairs, mark]) => `${before}${name}${path}${mark}${join(pairs)}`)

const text = fc.oneof(
  address,
  fc.string({ unit: 'binary' }),
  fc.webUrl(),
  fc.constant(null),
  fc.constant(undefined),
)

const input: fc.Arbitrary<ClassifyInput> = fc.record({
  url: text,
  referrer: text,
  request_host: fc.oneof(host, fc.string(), fc.constant(null)),
  user_agent: fc.oneof(
    fc.string(),
    fc.constantFrom('Instagram 1', 'x (KHTML, like Gecko) GSA/1 [FBAN/FBIOS]', null),
  ),
})

function isComplete(answer: ReturnType<typeof classify>): boolean {
  return (
    CHANNEL_SET.has(answer.channel) &&
    answer.source !== '' &&
    answer.medium !== '' &&
    answer.rule_id !== '' &&
    ['high', 'medium', 'low'].includes(answer.confidence) &&
    [answer.campaign, answer.term, answer.content].every((value) => value === null || value !== '')
  )
}

describe('classify', () => {
  it('answers completely whatever comes', () => {
    fc.assert(
      fc.property(input, (each) => isComplete(classify(each))),
      { numRuns: 5000 },
    )
  })

  it('answers whatever is no input at all', () => {
    const throwing = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no')
        },
      },
    )
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (whole, part) => {
        const junk: unknown[] = [
          whole,
          { url: part, referrer: whole, request_host: part, user_agent: whole },
          throwing,
        ]
        return junk.every((each) => isComplete(Reflect.apply(classify, undefined, [each])))
      }),
    )
    expect(isComplete(Reflect.apply(classify, undefined, []))).toBe(true)
    expect(
      isComplete(Reflect.apply(classify, undefined, [{ url: 'https://a.example/?gclid=1' }, 'options'])),
    ).toBe(true)
  })

  it('gives the same answer again, and explain gives it too', () => {
    fc.assert(
      fc.property(input, (each) => {
        const first = classify(each)
        expect(classify(structuredClone(each))).toEqual(first)
        const { classification, rules } = explain(each)
        expect(classification).toEqual(first)
        expect(rules.find((rule) => rule.outcome === 'matched')?.rule_id).toBe(first.rule_id)
      }),
      { numRuns: 1000 },
    )
  })

  it('changes nothing that it is given', () => {
    fc.assert(
      fc.property(input, (each) => {
        const before = structuredClone(each)
        const options = Object.freeze({
          ownDomains: Object.freeze(['shop.example']),
          hosts: Object.freeze({}),
        })
        classify(Object.freeze(each), options)
        expect(each).toEqual(before)
      }),
    )
  })

  it('does not depend on the order of parameters', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(param, { selector: ([key]) => key.toLowerCase(), maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        host,
        (pairs, random, from) => {
          const clean = pairs.map(([key, value]): [string, string] => [
            key,
            encodeURIComponent(value.toWellFormed()),
          ])
          const shuffled = clean
            .map((pair): [number, [string, string]] => [random.next().value, pair])
            .sort((a, b) => a[0] - b[0])
            .map(([, pair]) => pair)
          const [one, other] = [clean, shuffled].map((each) =>
            classify({ url: `https://shop.example/?${join(each)}`, referrer: `https://${from}/` }),
          )
          expect(one).toEqual(other)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

/** `CLASSIFIER_FUZZ=1000000` for the long one. */
const FUZZ = Number(process.env.CLASSIFIER_FUZZ ?? 20_000)

it(`${FUZZ} fuzzed inputs: no throw, none over a millisecond`, { timeout: 1_200_000 }, () => {
  const random = mulberry(20260516)
  const seeds = fc.sample(address, { numRuns: 400, seed: 7 })
  let slowest = 0
  for (let i = 0; i < FUZZ; i++) {
    const each: ClassifyInput = {
      url: fuzzed(seeds, random),
      referrer: fuzzed(seeds, random),
      request_host: random() < 0.5 ? 'shop.example' : fuzzed(seeds, random),
      user_agent: random() < 0.5 ? '' : fuzzed(seeds, random),
    }
    const time = timed(each)
    if (time > 1) slowest = Math.max(slowest, Math.min(timed(each), timed(each), timed(each)))
  }
  expect(slowest).toBeLessThan(1)
})

function timed(each: ClassifyInput): number {
  const start = performance.now()
  classify(each)
  return performance.now() - start
}

function fuzzed(seeds: readonly string[], random: () => number): string {
  const pick = (): string => seeds[Math.floor(random() * seeds.length)] ?? ''
  const kind = random()
  if (kind < 0.3) return bytes(random, Math.floor(random() * 200))
  if (kind < 0.31) return `https://${bytes(random, 16)}`.repeat(6000).slice(0, 100_000)
  if (kind < 0.32) return `${pick()}${'&;?a=%E0%'.repeat(12_000)}`.slice(0, 100_000)
  if (kind < 0.33)
    return `${['http://', '//', '', 'https://x/?', '-', 'mail.'][Math.floor(random() * 6)]}${(['a.', ';a=', '食', 'mail.', '-', '%41', '/', '?utm_source='][Math.floor(random() * 8)] ?? '').repeat(50_000)}`
  const [one, two] = [pick(), pick()]
  const cut = Math.floor(random() * one.length)
  return (
    one.slice(0, cut) +
    (random() < 0.3 ? bytes(random, 5) : '') +
    two.slice(Math.floor(random() * two.length))
  )
}

function bytes(random: () => number, length: number): string {
  let out = ''
  for (let i = 0; i < length; i++)
    out += String.fromCharCode(Math.floor(random() * (random() < 0.1 ? 65_536 : 256)))
  return out
}

/** A small seeded generator, so that a failure comes again. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
