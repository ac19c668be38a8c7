import type { Classification, ClassifyInput, ClassifyOptions } from './classification.js'
import { classifyWith, readInput, rulesetFor } from './classify.js'
import type { Verdict } from './rules.js'
import { readSignals, type Signals } from './signals.js'

/** One rule and what came of it. */
export interface RuleOutcome {
  readonly rule_id: string
  /** When the rule matches, in words. */
  readonly when: string
  /** `absent`: nothing that it looks at is there. `not_reached`: a rule before it had decided. */
  readonly outcome: 'matched' | 'no_match' | 'absent' | 'not_reached'
  /** What the rule answers; for one that was not reached, what it would have answered. */
  readonly verdict: Verdict | null
}

export interface Explanation {
  readonly classification: Classification
  /** What was read from the input. */
  readonly signals: Signals
  /** Every rule, in the order in which they are tried. */
  readonly rules: readonly RuleOutcome[]
}

/** When each rule matches, apart from the rules so that a bundle without `explain` leaves the words out. */
const WHEN: Readonly<Record<string, string>> = {
  cross_network: 'the campaign says cross-network',
  paid_click_id: 'a click id that only adverts get, and no medium that contradicts it',
  fb_ad_redirect: 'fbclid from l.facebook.com or lm.facebook.com',
  fbclid_contract: 'fbclid with a source of Meta, or without source and medium',
  paid_medium: 'a paid medium',
  paid_source: 'a source that names adverts, like facebook-ads',
  medium: 'a medium that says how: email, social, affiliate …',
  affiliate_click_id: 'a click id of an affiliate network',
  source: 'a known source: search engine, social network, newsletter …',
  soft_click_id: 'an id that ordinary links carry too, and no other known place before',
  shopping_campaign: 'a campaign about shopping, from a source and referrer that are not known',
  source_unknown: 'any other source; the referrer tells the channel',
  ref_param: 'ref or source names a place, and no referrer is known',
  referrer_own: 'the referrer is the own site, a development machine or a private address',
  referrer_neighbour: 'the referrer is another host of the own domain',
  referrer_known: 'the referrer is known: search engine, social network, AI assistant …',
  referrer_other: 'any other referrer',
  in_app_browser: 'the user agent is that of an app, and nothing else is there',
  tagged_unknown: 'tags that say nothing known',
  direct: 'no signal at all',
}

/** The verdict of `classify` with the way to it: every rule, whether it matched, and what it would have said. */
export function explain(input: ClassifyInput, options?: ClassifyOptions): Explanation {
  const set = rulesetFor(options)
  const { url, referrer, request_host, user_agent } = readInput(input)
  const signals = readSignals(url, referrer, request_host, user_agent, set)
  let decided = false
  const rules = set.rules.map(({ id, when = WHEN[id] ?? '', needs, test }): RuleOutcome => {
    const absent = needs !== undefined && needs !== 0 && (needs & signals.has) === 0
    const verdict = absent ? null : test(signals)
    const outcome = absent ? 'absent' : decided ? 'not_reached' : verdict === null ? 'no_match' : 'matched'
    decided ||= verdict !== null
    return { rule_id: id, when, outcome, verdict }
  })
  return { classification: classifyWith(set, input), signals, rules }
}
