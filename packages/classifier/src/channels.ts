/** The vocabulary of `channel`, from best-known to unknown; order is only for display. */
export const CHANNELS = [
  'direct',
  'internal',
  'organic_search',
  'paid_search',
  'organic_social',
  'paid_social',
  'organic_video',
  'paid_video',
  'organic_shopping',
  'paid_shopping',
  'display',
  'paid_other',
  'cross_network',
  'email',
  'affiliate',
  'referral',
  'audio',
  'sms',
  'push',
  'ai',
  'unassigned',
] as const

export type Channel = (typeof CHANNELS)[number]

/** What a network, a host or a medium is for. `other` is known to be an advert but not of which sort. */
export type Kind =
  | 'search'
  | 'social'
  | 'video'
  | 'shopping'
  | 'display'
  | 'email'
  | 'affiliate'
  | 'audio'
  | 'sms'
  | 'push'
  | 'ai'
  | 'referral'
  | 'other'

/** A place that traffic comes from: a name as it appears in `source`, and what it is. */
export interface Network {
  readonly name: string
  readonly kind: Kind
  /** Clicks from here are adverts, whatever the tags say: ad servers, `/aclk`, `google-ads`. */
  readonly paid?: boolean
  /** No place to come from but a page passed through on the way back: payment, log-in. */
  readonly drop?: boolean
}

/** Kinds of places that are sold by the click, so that paid and unpaid visits from them are channels apart. */
type Sold = 'search' | 'social' | 'video' | 'shopping'

function isSold(kind: Kind | undefined): kind is Sold {
  return kind === 'search' || kind === 'social' || kind === 'video' || kind === 'shopping'
}

const KINDS = /^(?:search|social|video|shopping|display|email|affiliate|audio|sms|push|ai|referral|other)$/

export function isKind(word: string): word is Kind {
  return KINDS.test(word)
}

/** The channel of an unpaid visit from a place of this kind. */
export function organicChannel(kind: Kind): Channel {
  return isSold(kind) ? `organic_${kind}` : kind === 'other' ? 'referral' : kind
}

/** The channel of a paid visit: `paid_other` for kinds that no channel of adverts is about. */
export function paidChannel(kind: Kind | undefined): Channel {
  return isSold(kind) ? `paid_${kind}` : kind === 'display' ? kind : 'paid_other'
}

/** The contract's word for an unpaid visit from a place of this kind. */
export function organicMedium(kind: Kind): string {
  if (kind === 'search') return 'organic'
  if (kind === 'social' || kind === 'video') return 'social'
  return /^(?:shopping|display|ai|other)$/.test(kind) ? 'referral' : kind
}
