import type { Kind, Network } from './channels.js'
import { addHost, addHosts, createHostIndex, type HostIndex } from './host-index.js'
import { createMediumIndex, type Medium, type MediumIndex, mediumOf } from './mediums.js'
import type { Param, Params, Slot } from './params.js'
import { registrable } from './registrable.js'
import { BUILT_IN, type Rule } from './rules.js'
import type { Tables } from './tables.js'
import type { ClassifyOptions } from './types.js'

/** Tables made ready to look things up in: made once, then only read. */
export interface Index {
  readonly hosts: HostIndex
  readonly params: Params
  readonly mediums: MediumIndex
  readonly sources: ReadonlyMap<string, Network>
  readonly apps: ReadonlyMap<string, Network>
  readonly agents: ReadonlyMap<string, Network>
}

/** An index, the options, and the rules in order. */
export interface Ruleset {
  readonly index: Index
  readonly rules: readonly Rule[]
  /** The rules that can match at all, by what is there (`Signals.has`); filled as combinations turn up. */
  readonly byNeed: (readonly Rule[] | undefined)[]
  readonly ownHosts: HostIndex | undefined
  readonly ownDomains: 'exact' | 'registrable'
  readonly extraHosts: HostIndex | undefined
  readonly extraMediums: ReadonlyMap<string, Medium> | undefined
  readonly ga4Mediums: boolean
  readonly term: boolean
  readonly registrable: (host: string) => string | null
  /** No rule of the user's can change the answer to an input with nothing in it. */
  readonly plain: boolean
}

export function createIndex(tables: Tables): Index {
  const hosts = createHostIndex()
  for (const { kind, table, paid, drop } of tables.hosts) addHosts(hosts, kind, table, paid, drop)
  const sources = new Map(hosts.names)
  for (const [name, network] of lines(tables.sources)) sources.set(name, named(hosts.names, network))
  return {
    hosts,
    params: createParams(tables.tags, tables.clickIds, hosts.names),
    mediums: createMediumIndex(tables.mediums),
    sources,
    apps: new Map(lines(tables.apps)),
    agents: new Map(lines(tables.agents)),
  }
}

/** The network of the host tables where the name has one, so that one name means one thing. */
function named(names: ReadonlyMap<string, Network>, network: Network): Network {
  const known = names.get(network.name)
  return known?.kind === network.kind && !known.drop ? known : network
}

/** Entries of a `kind network: name name …` table. */
function* lines(table: string): Generator<[name: string, network: Network]> {
  for (const line of table.trim().split('\n')) {
    const [head = '', names = ''] = line.split(/: ?/)
    const [kind = '', name = ''] = head.split(' ')
    const network: Network = { name: name === '*' ? '' : name, kind: kindOf(kind) }
    if (network.name !== '') yield [name, network]
    for (const each of names.split(' ')) if (each !== '') yield [each, network]
  }
}

function kindOf(word: string): Kind {
  return mediumOf(word).kind ?? 'other'
}

function createParams(tags: string, clickIds: string, names: ReadonlyMap<string, Network>): Params {
  const params = new Map<string, Param>()
  let rank = 0
  for (const line of clickIds.trim().split('\n')) {
    const [head = '', ids = ''] = line.split(': ')
    const [strength = '', kind = '', name = ''] = head.split(' ')
    const network = named(names, { name, kind: kindOf(kind) })
    for (const id of ids.split(' ')) {
      const slot: Slot = id === 'gad_source' ? 'gad' : strength === 'soft' ? 'soft' : 'click'
      params.set(id, { name: id, slot, rank: rank++, network })
    }
  }
  for (const line of tags.trim().split('\n')) {
    const [head = '', spellings = ''] = line.split(': ')
    for (const name of spellings.split(' ')) {
      params.set(name, { name, slot: slotOf(head), rank: rank++, network: undefined })
    }
  }
  return params
}

function slotOf(word: string): Slot {
  switch (word) {
    case 'source':
    case 'medium':
    case 'campaign':
    case 'term':
    case 'content':
    case 'weak':
      return word
    default:
      return 'ignore'
  }
}

export function createRuleset(
  index: Index,
  options: ClassifyOptions = {},
  builtIn: readonly Rule[] = BUILT_IN,
): Ruleset {
  const compat = options.compat === 'millimetric'
  const own = options.rules ?? []
  const list = typeof options.ownDomains === 'object' ? options.ownDomains : undefined
  return {
    index,
    rules: [...own.map(guarded), ...builtIn.filter((rule) => compat || !rule.compat)],
    byNeed: [],
    ownHosts: list && hostsOf(list.map((host) => [host.replace(/^\./, ''), OWN])),
    ownDomains: options.ownDomains === 'registrable' ? 'registrable' : 'exact',
    extraHosts: extraHosts(options),
    extraMediums: options.mediums && mediumsOf(options.mediums),
    ga4Mediums: options.paidMediums === 'ga4',
    term: options.term !== false,
    registrable: registrableOf(options.registrable),
    plain: own.length === 0,
  }
}

const OWN: Network = { name: 'internal', kind: 'referral' }
const DROP: Network = { name: 'excluded', kind: 'referral', drop: true }

function extraHosts(options: ClassifyOptions): HostIndex | undefined {
  if (options.hosts === undefined && options.excludedReferrers === undefined) return undefined
  const dropped = (options.excludedReferrers ?? []).map((entry): [string, Network] => [excluded(entry), DROP])
  return hostsOf([...Object.entries(options.hosts ?? {}), ...dropped])
}

/** `.host` is a whole subtree and `host` one host, as in Matomo; in our tables it is `host` and `=host`. */
function excluded(entry: string): string {
  const host = entry.trim().toLowerCase()
  if (host.startsWith('.')) return host.slice(1)
  return host.includes('/') ? host : `=${host}`
}

function hostsOf(entries: readonly (readonly [string, Network])[]): HostIndex {
  const index = createHostIndex()
  for (const [host, network] of entries) addHost(index, host.toLowerCase(), network)
  return index
}

function mediumsOf(mediums: Readonly<Record<string, Kind | 'paid'>>): ReadonlyMap<string, Medium> {
  return new Map(Object.entries(mediums).map(([name, kind]) => [name.toLowerCase(), mediumOf(kind)]))
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
  return {
    ...rule,
    test(signals) {
      try {
        return rule.test(signals)
      } catch {
        return null
      }
    },
  }
}
