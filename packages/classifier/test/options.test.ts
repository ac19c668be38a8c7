import { describe, expect, it, vi } from 'vitest'
import {
  type ClassifyOptions,
  classify,
  createClassifier,
  explain,
  RULESET_VERSION,
  type Rule,
  registrable,
  TABLES,
} from '../src/index.js'

const url = 'https://shop.example/'

describe('options', () => {
  it('excluded referrers: host, host and path, host with its subdomains', () => {
    const options: ClassifyOptions = {
      excludedReferrers: ['bank.example', '.pay.example', 'forum.example/login'],
    }
    const from = (referrer: string): string => classify({ url, referrer }, options).channel
    expect(from('https://bank.example/')).toBe('direct')
    expect(from('https://www.bank.example/')).toBe('direct')
    expect(from('https://id.bank.example/')).toBe('referral')
    expect(from('https://eu.pay.example/x')).toBe('direct')
    expect(from('https://forum.example/login/2')).toBe('direct')
    expect(from('https://forum.example/thread/2')).toBe('referral')
  })

  it('hosts of the user win over the built-in ones, in tags too', () => {
    const options: ClassifyOptions = {
      hosts: {
        'intranet.example': { name: 'intranet', kind: 'email' },
        '=facebook.com': { name: 'fb-page', kind: 'referral' },
      },
    }
    expect(classify({ url, referrer: 'https://wiki.intranet.example/' }, options).channel).toBe('email')
    expect(classify({ url, referrer: 'https://www.facebook.com/' }, options).source).toBe('fb-page')
    expect(classify({ url, referrer: 'https://l.facebook.com/' }, options).source).toBe('fb-page')
    expect(classify({ url: `${url}?utm_source=intranet.example` }, options).source).toBe('intranet')
    expect(classify({ url, referrer: 'https://www.facebook.com/' }).source).toBe('facebook')
  })

  it('mediums of the user', () => {
    const options: ClassifyOptions = { mediums: { partner: 'affiliate', influencer: 'paid' } }
    const tagged = (medium: string, own?: ClassifyOptions): string =>
      classify({ url: `${url}?utm_source=anna&utm_medium=${medium}` }, own).channel
    expect(tagged('Partner')).toBe('unassigned')
    expect(tagged('Partner', options)).toBe('affiliate')
    expect(tagged('influencer', options)).toBe('paid_other')
  })

  it('rules of the user come first; one that throws does not match', () => {
    const broken: Rule = {
      id: 'broken',
      test: () => {
        throw new Error('no')
      },
    }
    const partners: Rule = {
      id: 'partners',
      test: (s) =>
        s.referrer.host.endsWith('.partners.example')
          ? {
              source: 'partners',
              medium: 'affiliate',
              channel: 'affiliate',
              confidence: 'high',
              signal: 'referrer',
              value: s.referrer.host,
            }
          : null,
    }
    const options = { rules: [broken, partners] }
    expect(classify({ url, referrer: 'https://a.partners.example/' }, options)).toMatchObject({
      rule_id: 'partners',
      channel: 'affiliate',
    })
    expect(classify({ url }, options).rule_id).toBe('direct')
    expect(explain({ url }, options).rules[0]).toMatchObject({ rule_id: 'broken', outcome: 'no_match' })
  })

  it('a registrable callback is asked, and one that throws is not', () => {
    const full = vi.fn((host: string) => host.split('.').slice(-3).join('.'))
    const input = { url: 'https://a.city.kobe.jp/', referrer: 'https://b.city.kobe.jp/' }
    expect(classify(input, { ownDomains: 'registrable', registrable: full }).channel).toBe('internal')
    expect(full).toHaveBeenCalled()
    const broken = (): string => {
      throw new Error('no')
    }
    expect(classify(input, { ownDomains: 'registrable', registrable: broken }).channel).toBe('internal')
  })

  it('options are prepared once for an object', () => {
    const options = { mediums: { partner: 'affiliate' } } as const
    const input = { url: `${url}?utm_source=a&utm_medium=partner` }
    expect(classify(input, options)).toEqual(classify(input, { ...options }))
  })
})

describe('createClassifier', () => {
  it('works over tables of one’s own', () => {
    const own = createClassifier({
      ...TABLES,
      hosts: ['# social\nvillage: village.example'],
    })
    expect(own({ url, referrer: 'https://www.village.example/' })).toMatchObject({
      source: 'village',
      channel: 'organic_social',
    })
    expect(own({ url, referrer: 'https://www.google.com/' }).channel).toBe('referral')
  })
})

describe('explain', () => {
  it('tells what became of every rule, and what the later ones would have said', () => {
    const { classification, rules, signals } = explain({
      url: `${url}?gclid=x&utm_source=bing`,
      referrer: 'https://www.bing.com/',
    })
    expect(classification.rule_id).toBe('paid_click_id')
    expect(signals.source).toBe('bing')
    const outcomes = new Map(rules.map((rule) => [rule.rule_id, rule.outcome]))
    expect(outcomes.get('cross_network')).toBe('absent')
    expect(outcomes.get('paid_click_id')).toBe('matched')
    expect(outcomes.get('source')).toBe('not_reached')
    expect(rules.find((rule) => rule.rule_id === 'source')?.verdict?.channel).toBe('organic_search')
    expect(rules.every((rule) => rule.when !== '')).toBe(true)
  })
})

describe('registrable', () => {
  it.each([
    ['www.example.com', 'example.com'],
    ['a.b.example.co.uk', 'example.co.uk'],
    ['co.uk', null],
    ['com', null],
    ['a.github.io', 'a.github.io'],
    ['x.a.github.io', 'a.github.io'],
    ['github.io', null],
    ['b.s3.amazonaws.com', 'b.s3.amazonaws.com'],
    ['.example.com', null],
    ['t.co', 't.co'],
    ['localhost', null],
  ])('%s → %s', (host, expected) => {
    expect(registrable(host)).toBe(expected)
  })
})

it('has a version', () => {
  expect(RULESET_VERSION).toMatch(/^\d{4}-\d{2}-\d+$/)
})
