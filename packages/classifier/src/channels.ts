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
] as const satisfies readonly string[]

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

/** What becomes of each kind: the channel of an unpaid visit, of a paid one, and the contract's word for unpaid. */
const KINDS: Readonly<Record<Kind, readonly [organic: Channel, paid: Channel, medium: string]>> = {
  search: ['organic_search', 'paid_search', 'organic'],
  social: ['organic_social', 'paid_social', 'social'],
  video: ['organic_video', 'paid_video', 'social'],
  shopping: ['organic_shopping', 'paid_shopping', 'referral'],
  display: ['display', 'display', 'paid'],
  email: ['email', 'paid_other', 'email'],
  affiliate: ['affiliate', 'paid_other', 'affiliate'],
  audio: ['audio', 'paid_other', 'audio'],
  sms: ['sms', 'paid_other', 'sms'],
  push: ['push', 'paid_other', 'push'],
  ai: ['ai', 'paid_other', 'referral'],
  referral: ['referral', 'paid_other', 'referral'],
  other: ['referral', 'paid_other', 'referral'],
}

export function isKind(word: string): word is Kind {
  return Object.hasOwn(KINDS, word)
}

export function organicChannel(kind: Kind): Channel {
  return KINDS[kind][0]
}

export function paidChannel(kind: Kind | undefined): Channel {
  return kind === undefined ? 'paid_other' : KINDS[kind][1]
}

export function organicMedium(kind: Kind): string {
  return KINDS[kind][2]
}
