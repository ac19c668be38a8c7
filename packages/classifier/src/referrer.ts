import { readAddress } from './address.js'
import type { Network } from './channels.js'
import { findHost } from './host-index.js'
import { readTags } from './params.js'
import type { Ruleset } from './ruleset.js'

/** Where the visitor was before. */
export interface Referrer {
  /** Host, or package of an app; '' when there is none or it was dropped. */
  readonly host: string
  readonly network: Network | undefined
  /** The own site, another host of its registrable domain, a private address, or none of these. */
  readonly is: 'own' | 'neighbour' | 'local' | 'foreign'
  /** Host of a referrer that was dropped: payment, log-in, `ignore_referrer`; else ''. */
  readonly dropped: string
  /** What was searched for, where a search engine still says so; else ''. */
  readonly term: string
}

const NOWHERE: Referrer = { host: '', network: undefined, is: 'foreign', dropped: '', term: '' }

export function readReferrer(
  text: string,
  page: string,
  requestHost: string,
  ignored: boolean,
  set: Ruleset,
): Referrer {
  if (text === '') return NOWHERE
  const { type, host: written, pathAt } = readAddress(text)
  if (type === 'none') return NOWHERE
  if (ignored) return dropped(written)
  if (type === 'app') return fromApp(written, text.slice(pathAt), set)
  const host = written.endsWith('.translate.goog') ? untranslated(written) : written
  const is = relation(host, page, requestHost, set)
  if (is === 'own') return { ...NOWHERE, host, is }
  // Banks confirm card payments on hosts of their own, all over the world, by this name.
  if (host.includes('3dsecure') && is === 'foreign') return dropped(host)
  const network =
    (set.hosts && findHost(set.hosts, host, text, pathAt)) ??
    findHost(set.index.hosts, host, text, pathAt) ??
    mailHost(host, set)
  if (network === undefined) return { ...NOWHERE, host, is: is === 'foreign' && isLocal(host) ? 'local' : is }
  if (network.drop && is === 'foreign') return dropped(host)
  const asked = network.kind === 'search' && set.term && text.includes('?', pathAt)
  const term = asked ? (readTags(text.slice(pathAt), set.index.terms).term?.value ?? '') : ''
  return { ...NOWHERE, host, network, is, term }
}

function dropped(host: string): Referrer {
  return { ...NOWHERE, dropped: host }
}

/** An app, or the site that it names: `android-app://com.some.app/https/www.google.com`. */
function fromApp(app: string, path: string, set: Ruleset): Referrer {
  const known = set.index.names.get(app)
  if (known !== undefined) return { ...NOWHERE, host: app, network: known }
  const host = /^\/[^/]*\/([^/?#]+)/.exec(path)?.[1]?.toLowerCase() ?? app
  const network = findHost(set.index.hosts, host)
  return { ...NOWHERE, host: network === undefined ? app : host, network }
}

/** `en-m-wikipedia-org.translate.goog` is `en.m.wikipedia.org` read through Google's translation. */
function untranslated(host: string): string {
  return host.slice(0, -15).replace(/--?/g, (dashes) => (dashes === '-' ? '.' : '-'))
}

function relation(host: string, page: string, requestHost: string, set: Ruleset): Referrer['is'] {
  if (set.ownHosts && findHost(set.ownHosts, host)) return 'own'
  const own = page === '' ? '' : readAddress(page).host
  const is = compare(host, own, set)
  // The two are mostly the same, and then one look is enough.
  if (is === 'own' || requestHost === '' || requestHost === own) return is
  const asked = compare(host, readAddress(`//${requestHost}`).host, set)
  return asked === 'foreign' ? is : asked
}

function compare(a: string, b: string, set: Ruleset): Referrer['is'] {
  // Hosts that differ in their last two labels have nothing in common: most pairs end here.
  const tail = a.length < b.length ? a.length : b.length
  let dots = 0
  for (let back = 1; dots < 2 && back <= tail; back++) {
    const c = a.charCodeAt(a.length - back)
    if (c !== b.charCodeAt(b.length - back)) return 'foreign'
    if (c === 46) dots++
  }
  if (withoutWww(a) === withoutWww(b)) return 'own'
  const domain = set.registrable(a)
  if (domain === null || domain !== set.registrable(b)) return 'foreign'
  return set.registrableIsOwn ? 'own' : 'neighbour'
}

export function withoutWww(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : host
}

const MAIL: Network = { name: 'email', kind: 'email' }

const MAIL_LABEL = /^(?:(?:web|e-?)?mail\d*|webmail.*|mailbusiness|lightmailer.*|3c.*|roundcube)$/

/** Mail hosts of everybody's: `mail.example.com`, `webmail3.isp.example`, `roundcube.example.com`. */
function mailHost(host: string, set: Ruleset): Network | undefined {
  if (!/mail|3c|roundcube/.test(host)) return undefined
  const domain = set.registrable(host)
  if (domain === null) return undefined
  // Only the label right above the domain: `mail.google.com.example.org` is nobody's mailbox.
  const above = host.slice(0, -domain.length - 1)
  return MAIL_LABEL.test(above.slice(above.lastIndexOf('.') + 1)) ? MAIL : undefined
}

/** Development machines and private networks: never a place that sends visitors. */
function isLocal(host: string): boolean {
  return /^[^.[]+$|^\[(?:::1|f[cd]|fe[89ab])|^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+$|\.(?:local|localhost|test|internal|lan)$/.test(
    host,
  )
}
