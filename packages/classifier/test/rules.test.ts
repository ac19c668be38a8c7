import { describe, expect, it } from 'vitest'
import type { ClassifyInput, ClassifyOptions } from '../src/classification.js'
import { classifyWith } from '../src/classify.js'
import { explain } from '../src/explain.js'
import { BUILT_IN } from '../src/rules.js'
import { createIndex, createRuleset } from '../src/ruleset.js'
import { TABLES } from '../src/tables.js'

const SITE = 'https://shop.example/'
const FBCLID = `${SITE}?fbclid=x`

/** An input for each rule that it alone answers so. */
const FIRES: Readonly<Record<string, [input: ClassifyInput, options?: ClassifyOptions]>> = {
  cross_network: [{ url: `${SITE}?utm_campaign=cross-network` }],
  paid_click_id: [{ url: `${SITE}?gclid=x` }],
  fb_ad_redirect: [{ url: FBCLID, referrer: 'https://l.facebook.com/' }, { compat: 'millimetric' }],
  paid_medium: [{ url: `${SITE}?utm_source=partner&utm_medium=cpc` }],
  paid_source: [{ url: `${SITE}?utm_source=fb-ads` }],
  fbclid_contract: [{ url: FBCLID }, { compat: 'millimetric' }],
  medium: [{ url: `${SITE}?utm_source=some-list&utm_medium=email` }],
  affiliate_click_id: [{ url: `${SITE}?irclickid=x` }],
  source: [{ url: `${SITE}?utm_source=bing` }],
  soft_click_id: [{ url: FBCLID }],
  shopping_campaign: [{ url: `${SITE}?utm_campaign=e-shop` }],
  source_unknown: [{ url: `${SITE}?utm_source=some-blog`, referrer: 'https://www.google.com/' }],
  ref_param: [{ url: `${SITE}?ref=producthunt` }],
  referrer_own: [{ url: SITE, referrer: `${SITE}a` }],
  referrer_neighbour: [{ url: 'https://news.google.com/', referrer: 'https://www.google.com/' }],
  referrer_known: [{ url: SITE, referrer: 'https://claude.ai/' }],
  referrer_other: [{ url: SITE, referrer: 'https://some-blog.example/' }],
  in_app_browser: [
    { url: SITE, user_agent: 'Mozilla/5.0 (iPhone) AppleWebKit/605 (KHTML, like Gecko) Instagram 300' },
  ],
  tagged_unknown: [{ url: `${SITE}?utm_medium=who` }],
  direct: [{ url: SITE, referrer: 'https://www.paypal.com/' }],
}

const index = createIndex(TABLES)

describe('every rule', () => {
  it('has an id of its own, says when it matches, and has a case here', () => {
    expect(BUILT_IN.map((rule) => rule.id).sort()).toEqual(Object.keys(FIRES).sort())
    const { rules } = explain({}, { compat: 'millimetric' })
    for (const rule of rules) expect(rule.when, rule.rule_id).toMatch(/^\w.{5,}/)
  })

  it.each(Object.entries(FIRES))('%s fires', (id, [input, options]) => {
    expect(classifyWith(createRuleset(index, options), input).rule_id).toBe(id)
  })

  it.each(Object.entries(FIRES))('without %s the answer is another', (id, [input, options]) => {
    const whole = classifyWith(createRuleset(index, options), input)
    const rest = classifyWith(
      createRuleset(
        index,
        options,
        BUILT_IN.filter((rule) => rule.id !== id),
      ),
      input,
    )
    const { rule_id: _, ...answer } = whole
    // The last rule can only be replaced by the answer for nothing at all, which says the same in other evidence.
    expect(rest).not.toMatchObject(answer)
  })

  it('is skipped only where it could not match: with or without the shortcut the answer is the same', () => {
    const hasty = createRuleset(index)
    const patient = createRuleset(
      index,
      {},
      BUILT_IN.map(({ needs: _, ...rule }) => rule),
    )
    for (const [input] of Object.values(FIRES)) {
      expect(classifyWith(patient, input)).toEqual(classifyWith(hasty, input))
    }
  })
})
