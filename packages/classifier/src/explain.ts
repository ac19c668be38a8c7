import { classifyWith, readInput, rulesetFor } from './classify.js'
import type { Verdict } from './rules.js'
import { readSignals, type Signals } from './signals.js'
import type { Classification, ClassifyInput, ClassifyOptions } from './types.js'

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

/** The verdict of `classify` with the way to it: every rule, whether it matched, and what it would have said. */
export function explain(input: ClassifyInput, options?: ClassifyOptions): Explanation {
  const set = rulesetFor(options)
  const { url, referrer, request_host, user_agent } = readInput(input)
  const signals = readSignals(url, referrer, request_host, user_agent, set)
  let decided = false
  const rules = set.rules.map(({ id, when = '', needs, test }): RuleOutcome => {
    const absent = needs !== undefined && needs !== 0 && (needs & signals.has) === 0
    const verdict = absent ? null : test(signals)
    const outcome = absent ? 'absent' : decided ? 'not_reached' : verdict === null ? 'no_match' : 'matched'
    decided ||= verdict !== null
    return { rule_id: id, when, outcome, verdict }
  })
  return { classification: classifyWith(set, input), signals, rules }
}
