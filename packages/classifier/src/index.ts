export { CHANNELS, type Channel, type Kind, type Network } from './channels.js'
export type {
  Classification,
  ClassifyInput,
  ClassifyOptions,
  ClickId,
  Confidence,
  Evidence,
} from './classification.js'
export { classify, createClassifier, RULESET_VERSION } from './classify.js'
export { type Explanation, explain, type RuleOutcome } from './explain.js'
export { registrable } from './registrable.js'
export type { Rule, Verdict } from './rules.js'
export type { Signals } from './signals.js'
export { TABLES, type Tables } from './tables.js'
