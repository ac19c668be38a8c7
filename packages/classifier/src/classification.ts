import type { Channel, Kind, Network } from './channels.js'
import type { Rule } from './rules.js'

/** What is known about a visit. Anything may be missing; anything that is no string counts as missing. */
export interface ClassifyInput {
  /** Address of the page that was opened, with its query and fragment. */
  readonly url?: string | null | undefined
  /** The `Referer` header or `document.referrer`, as it came. */
  readonly referrer?: string | null | undefined
  /** Host that the request was sent to, when it may differ from the host of `url`. */
  readonly request_host?: string | null | undefined
  /** Looked at only when there is neither a referrer nor a tag: in-app browsers say so here. */
  readonly user_agent?: string | null | undefined
}

export type Confidence = 'high' | 'medium' | 'low'

export interface ClickId {
  /** Name of the parameter, in lower case (`gclid`). */
  readonly name: string
  /** Its value, decoded once, in its own case. */
  readonly value: string
}

/** What the verdict rests on. */
export interface Evidence {
  readonly signal: 'none' | 'click_id' | 'tags' | 'param' | 'referrer' | 'user_agent' | 'own'
  /** The click id, medium, source, parameter, host or agent token that decided; '' for `none`. */
  readonly value: string
  /** The referrer's host even where something else decided: a click id can survive in a copied link. */
  readonly referrer_host: string | null
}

export interface Classification {
  /** `google`, `newsletter`, `some-blog.example`, `direct`, `internal`, `unknown` … lower case. */
  readonly source: string
  /** `paid`, `organic`, `social`, `email`, `referral`, `direct`, `unknown`, or `utm_medium` in lower case. */
  readonly medium: string
  readonly campaign: string | null
  /** `utm_term`, else what was searched for where the search engine says so. */
  readonly term: string | null
  readonly content: string | null
  readonly channel: Channel
  readonly confidence: Confidence
  readonly rule_id: string
  readonly click_id: ClickId | null
  readonly evidence: Evidence
}

export interface ClassifyOptions {
  /** `millimetric`: `fbclid` alone is a paid click, as the documented contract has it. */
  readonly compat?: 'millimetric' | undefined
  /**
   * Which referrers are your own site: the same host without `www.` (`exact`, default), every host of the same
   * registrable domain, or the same host and the domains of a list with their subdomains.
   */
  readonly ownDomains?: 'exact' | 'registrable' | readonly string[] | undefined
  /**
   * Referrers to drop as if there were none, beside the built-in payment and login pages:
   * `host`, `host/path`, or `.host` for a host and all its subdomains.
   */
  readonly excludedReferrers?: readonly string[] | undefined
  /** Hosts of your own (`host`, `=host`, `host.*`, `host/path`); they win over the built-in ones. */
  readonly hosts?: Readonly<Record<string, Network>> | undefined
  /** Meanings of your own for values of `utm_medium`, in lower case; `paid` is an advert of any sort. */
  readonly mediums?: Readonly<Record<string, Kind | 'paid'>> | undefined
  /** `ga4` reads paid mediums as GA4 does (`^(.*cp.*|ppc|retargeting|paid.*)$`), accidents included. */
  readonly paidMediums?: 'tokens' | 'ga4' | undefined
  /** Rules of your own, tried in order before the built-in ones. One that throws counts as not matching. */
  readonly rules?: readonly Rule[] | undefined
  /** `false` leaves out the words that were searched for. `utm_term` stays. */
  readonly term?: boolean | undefined
  /** Registrable domain by the full Public Suffix List, for those who have it at hand. */
  readonly registrable?: ((host: string) => string | null | undefined) | undefined
}
