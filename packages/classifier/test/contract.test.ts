import { describe, expect, it } from 'vitest'
import { classify } from '../src/index.js'

const COMPAT = { compat: 'millimetric' } as const
const SITE = 'https://shop.example'
const NONE = ''
const L = 'https://l.facebook.com/'

type Row = [n: string, query: string, referrer: string, expected: string]

/** The documented vectors of the wire contract, graded D: `source/medium/confidence`. */
const DOCUMENTED: Row[] = [
  ['1', 'gclid=x', NONE, 'google/paid/high'],
  ['2', 'msclkid=x', NONE, 'bing/paid/high'],
  ['3', 'ttclid=x', NONE, 'tiktok/paid/high'],
  ['4', 'li_fat_id=x', NONE, 'linkedin/paid/high'],
  ['5', 'fbclid=x', L, 'facebook/paid/high'],
  ['6', 'fbclid=x', 'https://lm.facebook.com/', 'facebook/paid/high'],
  ['7', 'utm_source=facebook&utm_medium=cpc&fbclid=abc', L, 'facebook/paid/high'],
  ['8', 'utm_source=facebook&utm_medium=cpc&fbclid=abc', NONE, 'facebook/paid/high'],
  ['9', 'utm_source=facebook&utm_medium=cpc', NONE, 'facebook/paid/high'],
  ['10', 'utm_source=facebook&utm_medium=cpc', L, 'facebook/paid/high'],
  ['11', 'fbclid=abc', NONE, 'facebook/paid/medium'],
  ['20', '', 'https://facebook.com/', 'facebook/social/medium'],
  ['20', '', 'https://m.facebook.com/', 'facebook/social/medium'],
  ['20', '', 'https://l.facebook.com/', 'facebook/social/medium'],
  ['21', '', 'https://instagram.com/', 'instagram/social/medium'],
  ['21', '', 'https://l.instagram.com/', 'instagram/social/medium'],
]

/** Constructed from the contract's rules, graded R. */
const CONSTRUCTED: Row[] = [
  ['12', 'fbclid=abc', 'https://m.facebook.com/', 'facebook/paid/medium'],
  ['13', 'fbclid=abc&utm_source=instagram', NONE, 'instagram/paid/high'],
  ['14', 'fbclid=abc&utm_source=meta', NONE, 'facebook/paid/high'],
  ['15', 'utm_source=instagram&utm_medium=paid_social', NONE, 'instagram/paid/high'],
  ['16', 'utm_source=newsletter&utm_medium=cpm', NONE, 'newsletter/paid/high'],
  ['17', 'utm_medium=display', NONE, 'unknown/paid/medium'],
  ['18', 'utm_source=newsletter&utm_medium=email', NONE, 'newsletter/email/high'],
  ['19', 'utm_source=partner', NONE, 'partner/unknown/high'],
  ['22', '', 'https://t.co/abc', 'twitter/social/medium'],
  ['22', '', 'https://www.linkedin.com/', 'linkedin/social/medium'],
  ['22', '', 'https://www.reddit.com/r/x', 'reddit/social/medium'],
  ['22', '', 'https://www.tiktok.com/', 'tiktok/social/medium'],
  ['23', '', 'https://www.google.com/', 'google/organic/medium'],
  ['24', '', 'https://mail.google.com/', 'email/email/medium'],
  ['25', '', 'https://shop.example/other', 'internal/direct/high'],
  ['26', '', NONE, 'direct/direct/high'],
  ['27', '', 'https://some-blog.example/', 'some-blog.example/referral/low'],
  ['28', 'gclid=x&fbclid=y&utm_source=facebook&utm_medium=cpc', L, 'google/paid/high'],
]

/** The one deliberate difference: without a paid signal beside it, `fbclid` is no proof of an advert. */
const FBCLID: ReadonlySet<string> = new Set(['5', '6', '11', '12', '13', '14'])

function verdict(query: string, referrer: string, options?: typeof COMPAT): string {
  const url = query === '' ? `${SITE}/` : `${SITE}/?${query}`
  const { source, medium, confidence } = classify({ url, referrer }, options)
  return `${source}/${medium}/${confidence}`
}

describe('contract vectors', () => {
  describe.each([
    ['documented', DOCUMENTED],
    ['constructed', CONSTRUCTED],
  ])('%s', (_, rows) => {
    it.each(rows)('%s holds under compat: ?%s from %s', (_n, query, referrer, expected) => {
      expect(verdict(query, referrer, COMPAT)).toBe(expected)
    })

    it.each(rows.filter(([n]) => !FBCLID.has(n)))(
      '%s holds by default: ?%s from %s',
      (_n, query, referrer, expected) => {
        expect(verdict(query, referrer)).toBe(expected)
      },
    )
  })

  it('names the one published rule', () => {
    expect(classify({ url: `${SITE}/?fbclid=x`, referrer: L }, COMPAT).rule_id).toBe('fb_ad_redirect')
    expect(
      classify({ url: `${SITE}/?utm_source=facebook&utm_medium=cpc&fbclid=x`, referrer: L }, COMPAT).rule_id,
    ).toBe('fb_ad_redirect')
  })

  it('29: keeps the campaign', () => {
    const url = `${SITE}/?fbclid=x&utm_campaign=spring_launch`
    expect(classify({ url, referrer: L }, COMPAT).campaign).toBe('spring_launch')
    expect(classify({ url, referrer: L }).campaign).toBe('spring_launch')
  })

  it('judges fbclid as a social visit by default', () => {
    for (const referrer of [NONE, L, 'https://lm.facebook.com/', 'https://m.facebook.com/']) {
      expect(verdict('fbclid=x', referrer)).toBe('facebook/social/medium')
    }
    expect(verdict('fbclid=x&utm_source=instagram', NONE)).toBe('instagram/unknown/high')
  })
})
