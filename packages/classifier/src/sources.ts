import type { Network } from './channels.js'
import { findHost } from './host-index.js'
import { spelling } from './mediums.js'
import type { Ruleset } from './ruleset.js'

/** The network that a value of `utm_source` (in lower case) names: an alias, a host, or a name with `-ads`. */
export function readSource(set: Ruleset, value: string): Network | undefined {
  const known = set.index.names.get(value)
  if (known !== undefined) return known
  if (value.includes('.') && set.hosts !== undefined) {
    const own = findHost(set.hosts, value)
    if (own !== undefined) return own
  }
  const name = spelling(value)
  return (
    set.index.names.get(name) ??
    (value.includes('.') ? findHost(set.index.hosts, value) : undefined) ??
    advertiser(set, name) ??
    byWord(name)
  )
}

/** `facebook-ads`, `fb-ad`, `googleads`, `paid-facebook`: the network under a name that says it was an advert. */
function advertiser(set: Ruleset, name: string): Network | undefined {
  const apart = /^(.+)[-.](?:ads?|paid)$/.exec(name)?.[1] ?? /^(?:ads|paid)[-.](.+)$/.exec(name)?.[1]
  const base = apart ?? /^(.+?)ads?$/.exec(name)?.[1]
  const network = base === undefined ? undefined : set.index.names.get(base)
  if (network !== undefined) return { ...network, paid: true }
  // Without a separator it must be a known name: `downloads` and `leads` are no adverts.
  return apart === undefined ? undefined : { name: '', kind: 'other', paid: true }
}

/** `site-newsletter`, `email_weekly`: a list of one's own, named freely. */
function byWord(name: string): Network | undefined {
  const word = /(?<![a-z])(?:newsletter|email|edm|sms)(?![a-z])/.exec(name)?.[0]
  return word === undefined ? undefined : { name: '', kind: word === 'sms' ? 'sms' : 'email' }
}
