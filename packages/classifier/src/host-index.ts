import type { Kind, Network } from './channels.js'
import { registrable } from './registrable.js'
import { rows } from './tables.js'

interface Node {
  /** This host and everything below it. */
  all: Network | undefined
  /** Only this host and its plain front doors (`www.`, `m.` …). */
  only: Network | undefined
  /** Entries that begin with a path, longest first. */
  paths: [prefix: string, network: Network][] | undefined
  /** Some longer host is in the table too. */
  deeper: boolean
}

/** Hosts by suffix: `google.com` answers for `google.com`, and for `www.google.com` unless that has its own entry. */
export interface HostIndex {
  readonly nodes: Map<string, Node>
  /** `amazon` → `amazon.com`: names that stand under any country suffix. */
  readonly brands: Map<string, string>
  /** Every network by its name, for `utm_source=<name>`. */
  readonly names: Map<string, Network>
}

/** Labels that lead to the same site: `www.`, `www2.`, `m.`, `mobile.`, `amp.`, `touch.` … */
const FRONT_DOORS: ReadonlySet<string> = new Set([
  'www',
  'm',
  'mobile',
  'amp',
  'touch',
  'wap',
  'www1',
  'www2',
  'l',
  'lm',
  'out',
])

export function createHostIndex(): HostIndex {
  return { nodes: new Map(), brands: new Map(), names: new Map() }
}

/**
 * Adds a table of hosts to the index. A line is `name: host host …`; without a name each host is named after
 * itself. A host stands for its subdomains too, `=host` for itself and its front doors only, `host.*` for the
 * host under every country suffix, `host/path` for a part of a site. A word without a dot ends in `.com`, or as
 * the `.ending` before it on the line says, and begins as the `beginning.` before it says: `search. .net avira`.
 */
export function addHosts(index: HostIndex, kind: Kind, table: string, paid?: boolean, drop?: boolean): void {
  for (const { head: name, words } of rows(table)) {
    let beginning = ''
    let ending = '.com'
    for (const word of words) {
      if (word.endsWith('.')) beginning = word
      else if (word.startsWith('.')) ending = word
      else {
        const host = word.includes('.') ? word : word.replace(/^(=?)([^/]*)/, `$1${beginning}$2${ending}`)
        addHost(index, host, networkOf(index, kind, name, host, paid, drop))
      }
    }
  }
}

function networkOf(
  index: HostIndex,
  kind: Kind,
  name: string,
  host: string,
  paid = false,
  drop = false,
): Network {
  const known = name || mainLabel(host)
  const network = index.names.get(known)
  if (network !== undefined && network.kind === kind && network.paid === paid && network.drop === drop) {
    return network
  }
  const made: Network = { name: known, kind, paid, drop }
  // The first table that has a name decides what the bare name means.
  if (network === undefined) index.names.set(known, made)
  return made
}

function mainLabel(host: string): string {
  const bare = host.replace(/^=|\/.*$/g, '')
  const domain = registrable(bare) ?? bare
  return domain.slice(0, domain.indexOf('.'))
}

export function addHost(index: HostIndex, entry: string, network: Network): void {
  const only = entry.charCodeAt(0) === 61
  const slash = entry.indexOf('/')
  let host = entry.slice(only ? 1 : 0, slash < 0 ? undefined : slash)
  if (host.endsWith('.*')) {
    host = `${host.slice(0, -1)}com`
    const brand = host.slice(0, -4)
    index.brands.set(brand.slice(brand.lastIndexOf('.') + 1), host.slice(brand.lastIndexOf('.') + 1))
  }
  const node = nodeAt(index, host)
  if (slash >= 0) {
    node.paths ??= []
    node.paths.push([entry.slice(slash), network])
    node.paths.sort((a, b) => b[0].length - a[0].length)
  } else if (only) node.only = network
  else node.all = network
}

/** The node of a host, with its ancestors down from the last two labels told that something lies deeper. */
function nodeAt(index: HostIndex, host: string): Node {
  let node = index.nodes.get(host)
  if (node === undefined) {
    node = { all: undefined, only: undefined, paths: undefined, deeper: false }
    index.nodes.set(host, node)
  }
  const dot = host.indexOf('.')
  if (dot >= 0 && host.includes('.', dot + 1)) nodeAt(index, host.slice(dot + 1)).deeper = true
  return node
}

/** The network that a host (and the path after it) belongs to: the entry with the most labels wins. */
export function findHost(index: HostIndex, host: string, text = '', pathAt = 0): Network | undefined {
  const found = walk(index, host, text, pathAt)
  if (found !== undefined) return found
  const home = countryHome(index, host)
  return home === '' ? undefined : walk(index, home, text, pathAt)
}

function walk(index: HostIndex, host: string, text: string, pathAt: number): Network | undefined {
  const dot = host.lastIndexOf('.')
  let start = dot < 0 ? 0 : host.lastIndexOf('.', dot - 1) + 1
  let found: Network | undefined
  for (;;) {
    const node = index.nodes.get(start === 0 ? host : host.slice(start))
    if (node === undefined) return found
    if (node.all !== undefined) found = node.all
    const www = start === 4 && host.startsWith('www.')
    if (www || start === 0 || FRONT_DOORS.has(host.slice(0, start - 1))) {
      if (node.only !== undefined) found = node.only
      if (node.paths !== undefined) found = byPath(node.paths, text, pathAt) ?? found
    }
    if (www || start === 0 || !node.deeper) return found
    start = host.lastIndexOf('.', start - 2) + 1
  }
}

function byPath(paths: [string, Network][], text: string, pathAt: number): Network | undefined {
  for (const [prefix, network] of paths) {
    if (!text.startsWith(prefix, pathAt)) continue
    const next = text.charCodeAt(pathAt + prefix.length)
    // NaN is the end of the text; otherwise the prefix must end where a path segment does.
    if (Number.isNaN(next) || next === 47 || next === 63 || next === 35 || next === 59) return network
  }
  return undefined
}

/** `www.google.co.uk` → `www.google.com` for brands with national sites; '' for all others. */
function countryHome(index: HostIndex, host: string): string {
  const last = host.lastIndexOf('.')
  if (last <= 0 || host.length - last !== 3) return ''
  let end = last
  let start = host.lastIndexOf('.', end - 1) + 1
  if (start > 0) {
    const label = host.slice(start, end)
    if (label === 'co' || label === 'com') {
      end = start - 1
      start = host.lastIndexOf('.', end - 1) + 1
    }
  }
  const home = index.brands.get(host.slice(start, end))
  return home === undefined ? '' : host.slice(0, start) + home
}
