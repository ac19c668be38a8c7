import type { Network } from './channels.js'
import { findHost } from './host-index.js'
import { spelling } from './mediums.js'
import type { Ruleset } from './ruleset.js'

/** The network that a value of `utm_source` (in lower case) names: an alias, a host, or a name with `-ads`. */
export function readSource(set: Ruleset, value: string): Network | undefined {
  const known = set.index.sources.get(value)
  if (known !== undefined) return known
  if (value.includes('.') && set.extraHosts !== undefined) {
    const own = findHost(set.extraHosts, value)
    if (own !== undefined) return own
  }
  const name = spelling(value)
  return (
    set.index.sources.get(name) ??
    (value.includes('.') ? findHost(set.index.hosts, value) : undefined) ??
    advertiser(set, name) ??
    byWord(name)
  )
}

/** `facebook-ads`, `fb-ad`, `googleads`: the network under a name that says it was an advert. */
function advertiser(set: Ruleset, name: string): Network | undefined {
  const match = /^(?:ads?[-.])?(.*?)([-.]?)(?:ads?|paid)$/.exec(name)
  const base = match?.[1]
  if (base === undefined || base === '') return undefined
  const network = set.index.sources.get(base)
  if (network !== undefined) return { ...network, paid: true }
  // Without a separator it must be a known name: `threads`, `downloads`, `roads` are no adverts.
  return match?.[2] === '' ? undefined : { name: base, kind: 'other', paid: true }
}

const WORDS: readonly Network[] = [
  { name: '', kind: 'email' },
  { name: '', kind: 'sms' },
]

/** `site-newsletter`, `email_weekly`: a list of one's own, named freely. */
function byWord(name: string): Network | undefined {
  for (const word of name.split(/[^a-z]+/)) {
    if (word === 'newsletter' || word === 'email') return WORDS[0]
    if (word === 'sms') return WORDS[1]
  }
  return undefined
}
