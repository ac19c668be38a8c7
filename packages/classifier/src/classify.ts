import { readAgent } from './agent.js'
import type { Classification, ClassifyInput, ClassifyOptions } from './classification.js'
import type { Rule, Verdict } from './rules.js'
import { createIndex, createRuleset, type Index, type Ruleset } from './ruleset.js'
import { clean, MAX_OTHER, readSignals, type Signals } from './signals.js'
import { TABLES, type Tables } from './tables.js'

/**
 * Names the rules and tables that a verdict was made with. It changes whenever some input may be judged
 * differently, so that stored verdicts can be told apart and made again.
 */
export const RULESET_VERSION: string = '2026-07-1'

/**
 * Where a visit came from. Never throws, whatever it is given; the same input gives the same answer; nothing
 * is read but the input. Pass the same options object each time: it is prepared once and remembered.
 */
export function classify(input: ClassifyInput, options?: ClassifyOptions): Classification {
  return classifyWith(rulesetFor(options), input)
}

/** A classifier over tables of your own; a bundle that uses only this leaves the built-in tables out. */
export function createClassifier(
  tables: Tables,
  options?: ClassifyOptions,
): (input: ClassifyInput) => Classification {
  const set = createRuleset(createIndex(tables), options)
  return (input) => classifyWith(set, input)
}

let index: Index | undefined
let plain: Ruleset | undefined
const prepared: WeakMap<ClassifyOptions, Ruleset> = /* @__PURE__ */ new WeakMap()

/** The built-in tables with these options; made on the first use. */
export function rulesetFor(options: ClassifyOptions | undefined): Ruleset {
  if (typeof options !== 'object' || options === null) {
    plain ??= createRuleset(builtIn())
    return plain
  }
  let set = prepared.get(options)
  if (set === undefined) {
    set = createRuleset(builtIn(), options)
    prepared.set(options, set)
  }
  return set
}

function builtIn(): Index {
  index ??= createIndex(TABLES)
  return index
}

export function classifyWith(set: Ruleset, input: ClassifyInput): Classification {
  const { url, referrer, request_host, user_agent: agent } = readInput(input)
  if (set.plain && isBlank(referrer) && !hasParams(url)) {
    if (isBlank(agent) || readAgent(clean(agent, MAX_OTHER), set.index.names) === '') return DIRECT
  }
  const signals = readSignals(url, referrer, request_host, agent, set)
  for (const rule of candidates(set, signals.has)) {
    const verdict = rule.test(signals)
    if (verdict !== null) return classification(signals, rule.id, verdict)
  }
  return DIRECT
}

/** The answer to nothing at all, which is the most common input: made once, frozen. */
const DIRECT: Classification = /* @__PURE__ */ Object.freeze({
  source: 'direct',
  medium: 'direct',
  campaign: null,
  term: null,
  content: null,
  channel: 'direct',
  confidence: 'high',
  rule_id: 'direct',
  click_id: null,
  evidence: /* @__PURE__ */ Object.freeze({ signal: 'none', value: '', referrer_host: null }),
})

/** What was passed, whatever it is: getters and proxies of the caller's may throw, and we may not. */
export function readInput(input: ClassifyInput): Readonly<Partial<Record<keyof ClassifyInput, unknown>>> {
  try {
    const { url, referrer, request_host, user_agent } = input
    return { url, referrer, request_host, user_agent }
  } catch {
    return {}
  }
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || text === ''
}

function hasParams(url: unknown): boolean {
  return typeof url === 'string' && (url.includes('?') || url.includes('#'))
}

/** The rules that can match what is there, in order. */
function candidates(set: Ruleset, has: number): readonly Rule[] {
  let rules = set.byNeed[has]
  if (rules === undefined) {
    rules = set.rules.filter((rule) => !rule.needs || (rule.needs & has) !== 0)
    set.byNeed[has] = rules
  }
  return rules
}

function classification(signals: Signals, rule: string, verdict: Verdict): Classification {
  const { referrer, tags } = signals
  const click = signals.click ?? signals.soft
  return {
    source: verdict.source,
    medium: verdict.medium,
    campaign: signals.campaign || null,
    term: tags.term?.value ?? (referrer.term || null),
    content: tags.content?.value ?? null,
    channel: verdict.channel,
    confidence: verdict.confidence,
    rule_id: rule,
    click_id: click === undefined ? null : { name: click.param.name, value: click.value },
    evidence: {
      signal: verdict.signal,
      value: verdict.value,
      referrer_host: referrer.host || referrer.dropped || null,
    },
  }
}
