import { type Channel, type Network, paidChannel } from './channels.js'
import type { Signals } from './signals.js'

/** `^(.*(([^a-df-z]|^)shop|shopping).*)$`, as GA4 has it: `shop-sale` and `e-shop`, but no `workshop`. */
export const SHOPPING: RegExp = /(?:[^a-df-z]|^)shop|shopping/i

/** The sort of a paid click: what the source sells, else what medium, campaign, referrer and click id say. */
export function adChannel(s: Signals, owner: Network | undefined): Channel {
  const medium = s.medium_is?.paid ? s.medium_is : undefined
  const kind = s.source_network?.kind
  if (medium?.kind === 'display' && !medium.guess) return 'display'
  const sold = paidChannel(kind)
  // Search companies sell every sort of advert under one name, so there the medium knows better.
  if (medium?.kind !== undefined && (sold === 'paid_other' || kind === 'search'))
    return paidChannel(medium.kind)
  if (kind !== undefined && kind !== 'other') return sold
  if (SHOPPING.test(s.campaign)) return 'paid_shopping'
  if (/(?:^|[^a-z])(?:video|youtube|yt)(?:[^a-z]|$)/i.test(s.campaign)) return 'paid_video'
  const before = paidChannel(s.referrer.network?.kind)
  return before === 'paid_other' ? paidChannel(owner?.kind) : before
}

/** The sort of a click whose id names the network that sold it. */
export function clickChannel(s: Signals, owner: Network): Channel {
  const agrees = s.source_network === undefined || s.source_network.name === owner.name
  if (owner.kind === 'other' || (s.medium_is?.paid && agrees)) return adChannel(s, owner)
  return owner.name === 'google' && owner.kind === 'search' ? googleSurface(s) : paidChannel(owner.kind)
}

/** One id stands for all that Google sells; the place of the click and `gad_source` tell them apart. */
function googleSurface(s: Signals): Channel {
  const place = s.referrer.network?.kind
  if (place === 'video' || place === 'display') return paidChannel(place)
  if (s.source_network?.kind === 'video') return 'paid_video'
  return (place === undefined && SURFACES.get(s.tags.gad?.value ?? '')) || 'paid_search'
}

/** What values of `gad_source` were seen to stand for; Google does not document them. */
const SURFACES: ReadonlyMap<string, Channel> = new Map([
  ['2', 'display'],
  ['3', 'paid_video'],
  ['4', 'cross_network'],
  ['5', 'paid_shopping'],
])

/** The medium speaks of another way of coming than the advert that the id was made for: the link was copied. */
export function isCopied(s: Signals, owner: Network): boolean {
  if (s.medium_is === undefined || s.medium_is.paid) return false
  switch (s.medium_is.kind) {
    case 'social':
      return owner.kind !== 'social'
    case 'search':
    case 'video':
    case 'referral':
      return s.source_network?.name !== owner.name
    default:
      return true
  }
}
