import { isKind, type Network } from './channels.js'
import type { ClassifyOptions } from './classification.js'
import { addHost, addHosts, createHostIndex, type HostIndex } from './host-index.js'
import { createMediumIndex, type Medium, type MediumIndex, mediumOf } from './mediums.js'
import { isSlot, type Param, type Params, type Slot } from './params.js'
import { registrable } from './registrable.js'
import { BUILT_IN, type Rule } from './rules.js'
import { rows, type Tables } from './tables.js'

/** Tables made ready to look things up in: made once, then only read. */
export interface Index {
  readonly hosts: HostIndex
  readonly params: Params
  /** Parameters of search engines' result pages that hold what was searched for. */
  readonly terms: Params
  readonly mediums: MediumIndex
  /** Networks by every name they go by: sources, packages, tokens of user agents. */
  readonly names: ReadonlyMap<string, Network>
}

/** An index, the options, and the rules in order. */
export interface Ruleset {
  readonly index: Index
  readonly rules: readonly Rule[]
  /** The rules that can match at all, by what is there (`Signals.has`); filled as combinations turn up. */
  readonly byNeed: (readonly Rule[] | undefined)[]
  /** Hosts and mediums of the user's own; excluded referrers are among the hosts. */
  readonly hosts: HostIndex | undefined
  readonly mediums: ReadonlyMap<string, Medium> | undefined
  readonly ownHosts: HostIndex | undefined
  readonly registrableIsOwn: boolean
  readonly registrable: (host: string) => string | null
  readonly ga4Mediums: boolean
  readonly term: boolean
  /** No rule of the user's that could match an input with nothing in it. */
  readonly plain: boolean
}

export function createIndex(tables: Tables): Index {
  const hosts = createHostIndex()
  for (const table of tables.hosts) addHosts(hosts, table)
  const names = new Map(hosts.names)
  for (const word of tables.commonWords.split(' ')) names.delete(word)
  for (const { head, words } of rows(tables.names)) {
    const network = networkOf(hosts, head)
    // A name that the host tables know means the same here; its further spellings may mean a part of it.
    if (!names.has(network.name)) names.set(network.name, network)
    for (const word of words) names.set(word, network)
  }
  return {
    hosts,
    params: createParams(tables, hosts),
    terms: new Map(
      tables.terms.split(' ').map((name, rank) => [name, { name, slot: 'term', rank, network: undefined }]),
    ),
    mediums: createMediumIndex(tables.mediums),
    names,
  }
}

/** The network of a `kind name` head: that of the host tables where they have it, so that a name means one thing. */
function networkOf(hosts: HostIndex, head: string): Network {
  const [kind = '', word = ''] = head.split(' ')
  const name = word === '*' ? '' : word
  const same = hosts.names.get(name)
  return same?.kind === kind && !same.drop ? same : { name, kind: isKind(kind) ? kind : 'other' }
}

function createParams(tables: Tables, hosts: HostIndex): Params {
  const params = new Map<string, Param>()
  const add = (name: string, slot: Slot, network?: Network): unknown =>
    params.set(name, { name, slot, rank: params.size, network })
  for (const { head, words } of rows(tables.clickIds)) {
    const soft = head.startsWith('soft ')
    const network = networkOf(hosts, head.slice(soft ? 5 : 0))
    for (const id of words) add(id, id === 'gad_source' ? 'gad' : soft ? 'soft' : 'click', network)
  }
  const beginnings = tables.tagBeginnings.split(' ')
  for (const { head, words } of rows(tables.tags)) {
    for (const word of words) {
      const names = word.startsWith('*') ? beginnings.map((beginning) => beginning + word.slice(1)) : [word]
      for (const name of names) add(name, isSlot(head) ? head : 'ignore')
    }
  }
  return params
}

export function createRuleset(
  index: Index,
  options: ClassifyOptions = {},
  builtIn: readonly Rule[] = BUILT_IN,
): Ruleset {
  const { compat, ownDomains, excludedReferrers = [], hosts = {}, mediums, rules = [] } = options
  return {
    index,
    rules: [...rules.map(guarded), ...builtIn.filter((rule) => !rule.compat || compat === 'millimetric')],
    byNeed: [],
    hosts: hostsOf([...Object.entries(hosts), ...excludedReferrers.map(excluded)]),
    mediums:
      mediums && new Map(Object.entries(mediums).map(([name, kind]) => [name.toLowerCase(), mediumOf(kind)])),
    ownHosts: typeof ownDomains === 'object' ? hostsOf(ownDomains.map(owned)) : undefined,
    registrableIsOwn: ownDomains === 'registrable',
    registrable: registrableOf(options.registrable),
    ga4Mediums: options.paidMediums === 'ga4',
    term: options.term !== false,
    plain: rules.length === 0,
  }
}

type HostEntry = readonly [host: string, network: Network]

function hostsOf(entries: readonly HostEntry[]): HostIndex | undefined {
  if (entries.length === 0) return undefined
  const index = createHostIndex()
  for (const [host, network] of entries) {
    if (!isKind(network.kind)) throw new TypeError(`${host}: no such kind`)
    addHost(index, host.toLowerCase(), network)
  }
  return index
}

function owned(domain: string): HostEntry {
  return [domain.replace(/^\./, ''), { name: 'internal', kind: 'referral' }]
}

/** `.host` is a whole subtree and `host` one host, as in Matomo; in our tables it is `host` and `=host`. */
function excluded(entry: string): HostEntry {
  const host = entry.startsWith('.') ? entry.slice(1) : entry.includes('/') ? entry : `=${entry}`
  return [host, { name: 'excluded', kind: 'referral', drop: true }]
}

function registrableOf(own: ClassifyOptions['registrable']): (host: string) => string | null {
  if (own === undefined) return registrable
  return (host) => {
    try {
      return own(host) ?? null
    } catch {
      return registrable(host)
    }
  }
}

/** A user's rule that throws counts as one that did not match: classifying never throws. */
function guarded(rule: Rule): Rule {
  const test: Rule['test'] = (signals) => {
    try {
      return rule.test(signals) ?? null
    } catch {
      return null
    }
  }
  return { ...rule, test }
}
