import { type ClassifyOptions, classify } from '@millimetric/classifier'
import { parseUrl } from '../parse-url.js'
import type { StoredVerdict } from '../ports/verdict-store.js'
import { plainText } from './plain-text.js'

export interface Visit {
  readonly url: string
  readonly referrer: string
  /** Host of the own site; that of the url wherever there is one. */
  readonly request_host: string
  /** Empty when unknown, as it is for what is stored. */
  readonly user_agent: string
}

/** What is stored about where a visit came from. */
export function judgeVisit(visit: Visit, options: ClassifyOptions | undefined): StoredVerdict {
  const verdict = classify(visit, options)
  return {
    source: plainText(verdict.source),
    medium: plainText(verdict.medium),
    campaign: plainText(verdict.campaign ?? ''),
    term: plainText(verdict.term ?? ''),
    content: plainText(verdict.content ?? ''),
    channel: verdict.channel,
    source_confidence: verdict.confidence,
    source_rule_id: verdict.rule_id,
  }
}

/** Host of a page with its port; empty when the address has none. */
export function hostOfPage(url: string): string {
  return parseUrl(url)?.host ?? ''
}
