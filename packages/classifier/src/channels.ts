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

/** The channel of an unpaid visit from a place of this kind. */
export function organicChannel(kind: Kind): Channel {
  switch (kind) {
    case 'search':
      return 'organic_search'
    case 'social':
      return 'organic_social'
    case 'video':
      return 'organic_video'
    case 'shopping':
      return 'organic_shopping'
    case 'other':
      return 'referral'
    default:
      return kind
  }
}

/** The channel of a paid visit; kinds that are not sold by the click become `paid_other`. */
export function paidChannel(kind: Kind | undefined): Channel {
  switch (kind) {
    case 'search':
      return 'paid_search'
    case 'social':
      return 'paid_social'
    case 'video':
      return 'paid_video'
    case 'shopping':
      return 'paid_shopping'
    case 'display':
      return 'display'
    default:
      return 'paid_other'
  }
}

/** The contract's word for an unpaid visit from a place of this kind. */
export function organicMedium(kind: Kind): string {
  switch (kind) {
    case 'search':
      return 'organic'
    case 'social':
    case 'video':
      return 'social'
    case 'email':
    case 'sms':
    case 'push':
    case 'affiliate':
    case 'audio':
      return kind
    default:
      return 'referral'
  }
}
