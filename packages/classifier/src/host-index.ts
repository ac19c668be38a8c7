import { isKind, type Network } from './channels.js'
import { registrable } from './registrable.js'
import { rows } from './tables.js'

/** What is known of a host; its subdomains hang below it, label by label from the right. */
interface Node {
  /** This host and everything below it. */
  all: Network | undefined
  /** Only this host and its plain front doors (`www.`, `m.` …). */
  only: Network | undefined
  /** Parts of the site by their path; the first that fits wins. */
  paths: [prefix: string, network: Network][] | undefined
  below: Map<string, Node> | undefined
}

export interface HostIndex {
  readonly root: Node
  /** Sites that stand under any country suffix, by their label: `amazon` for `amazon.*`. */
  readonly brands: Map<string, Node>
  /** Every network by its name, for `utm_source=<name>`. */
  readonly names: Map<string, Network>
}

export function createHostIndex(): HostIndex {
  return { root: createNode(), brands: new Map(), names: new Map() }
}

function createNode(): Node {
  return { all: undefined, only: undefined, paths: undefined, below: undefined }
}

/**
 * Adds a table of hosts to the index. `# kind` begins a section, `# kind paid` one of adverts, `# kind drop` one of
 * pages passed through. A line is `name: host host …`; without a name each host is named after itself. A host stands
 * for its subdomains too, `=host` for itself and its front doors only, `host.*` for the host under every country
 * suffix, `host/path` for a part of a site. A word without a dot ends in `.com`, or as the `.ending` before it on
 * the line says, and begins as the `beginning.` before it says: `search. .net avira`.
 */
export function addHosts(index: HostIndex, table: string): void {
  let section: readonly string[] = []
  for (const { head, words } of rows(table)) {
    if (words[0] === '#') section = words
    else
      for (const host of spelledOut(words))
        addHost(index, host, networkOf(index, head || mainLabel(host), section))
  }
}

/** The words of a line as whole hosts, with their marks. */
export function spelledOut(words: readonly string[]): string[] {
  let beginning = ''
  let ending = '.com'
  return words.flatMap((word) => {
    if (word.endsWith('.')) beginning = word
    else if (word.startsWith('.')) ending = word
    else return [word.includes('.') ? word : word.replace(/^(=?)([^/]*)/, `$1${beginning}$2${ending}`)]
    return []
  })
}

function networkOf(index: HostIndex, name: string, [, kind = '', mark]: readonly string[]): Network {
  const paid = mark === 'paid'
  const drop = mark === 'drop'
  const network = index.names.get(name)
  if (network?.kind === kind && network.paid === paid && network.drop === drop) return network
  const made: Network = { name, kind: isKind(kind) ? kind : 'other', paid, drop }
  // The first section that has a name decides what the bare name means.
  if (network === undefined && !drop) index.names.set(name, made)
  return made
}

function mainLabel(host: string): string {
  const bare = host.replace(/^=|\/.*$/g, '')
  return (registrable(bare) ?? bare).replace(/\..*/, '')
}

/** Adds one host in the notation of the tables. */
export function addHost(index: HostIndex, entry: string, network: Network): void {
  const [, only, host = '', path] = /^(=?)([^/]*)(\/.*)?$/.exec(entry) ?? []
  const node = nodeAt(index, host)
  if (path !== undefined) {
    node.paths ??= []
    node.paths.push([path, network])
  } else if (only) node.only = network
  else node.all = network
}

function nodeAt(index: HostIndex, host: string): Node {
  const labels = host.split('.').reverse()
  let node = index.root
  if (labels[0] === '*') {
    const brand = labels[1] ?? ''
    node = child(child(index.root, 'com'), brand)
    index.brands.set(brand, node)
    labels.splice(0, 2)
  }
  for (const label of labels) node = child(node, label)
  return node
}

function child(node: Node, label: string): Node {
  node.below ??= new Map()
  const known = node.below.get(label)
  if (known !== undefined) return known
  const made = createNode()
  node.below.set(label, made)
  return made
}

/** The network that a host (and the path in `text` after it) belongs to: the entry with the most labels wins. */
export function findHost(index: HostIndex, host: string, text = '', pathAt = 0): Network | undefined {
  const found = descend(index.root, host, host.length + 1, text, pathAt)
  if (found !== undefined || host.charCodeAt(host.length - 3) !== 46) return found
  // `.uk`, `.co.uk` or `.com.au`, and the brand before it.
  let end = host.length - 3
  if (host.endsWith('.co', end) || host.endsWith('.com', end)) end = host.lastIndexOf('.', end - 1)
  const start = host.lastIndexOf('.', end - 1) + 1
  const brand = index.brands.get(host.slice(start, end))
  return brand && descend(brand, host, start, text, pathAt)
}

/** Labels that lead to the same site. */
const FRONT_DOORS: ReadonlySet<string> = new Set([
  'm',
  'mobile',
  'amp',
  'touch',
  'wap',
  'www1',
  'www2',
  'l',
  'lm',
])

/** Walks down from a node whose host begins at `at`, label by label to the left. */
function descend(from: Node, host: string, at: number, text: string, pathAt: number): Network | undefined {
  let node = from
  let start = at
  let found: Network | undefined
  for (;;) {
    if (node.all !== undefined) found = node.all
    const www = start === 4 && host.startsWith('www.')
    if (start === 0 || www || (node.only !== undefined && FRONT_DOORS.has(host.slice(0, start - 1)))) {
      if (node.only !== undefined) found = node.only
      if (node.paths !== undefined) found = byPath(node.paths, text, pathAt) ?? found
    }
    if (start === 0 || www || node.below === undefined) return found
    const next = host.lastIndexOf('.', start - 2) + 1
    const below = node.below.get(host.slice(next, start - 1))
    if (below === undefined) return found
    node = below
    start = next
  }
}

function byPath(paths: [string, Network][], text: string, pathAt: number): Network | undefined {
  for (const [prefix, network] of paths) {
    // The prefix must end where a segment of the path does.
    if (text.startsWith(prefix, pathAt) && /^[/?#;]?$/.test(text.charAt(pathAt + prefix.length)))
      return network
  }
  return undefined
}
