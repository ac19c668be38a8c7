import { readAddress } from '../src/address.js'
import { spelledOut } from '../src/host-index.js'
import { readTags } from '../src/params.js'
import { createIndex } from '../src/ruleset.js'
import { rows, TABLES } from '../src/tables.js'
import { CASE_FILES, type DomainCase, readCases } from './cases.js'

/** How much of each table the case files touch, and how many of their hosts and words no table has. */
export function reportCoverage(): void {
  const cases = CASE_FILES.flatMap((name) => readCases(name))
  const referrers = [...cases, ...readCases<DomainCase>('domains-matomo-cc0')].map((row) => row.referrer)
  const hosts = new Set(referrers.map((text) => readAddress(text).host).filter((host) => host !== ''))
  for (const [section, entries] of sections()) {
    line(
      `hosts: ${section}`,
      entries,
      entries.filter((entry) => [...hosts].some((host) => isUnder(host, entry))),
    )
  }
  const index = createIndex(TABLES)
  const tags = cases.map((row) => readTags(row.url, index.params))
  const found = new Set(tags.flatMap((each) => Object.values(each)).map((hit) => hit?.param.name))
  line(
    'parameters',
    [...index.params.keys()],
    [...index.params.keys()].filter((name) => found.has(name)),
  )
  const mediums = new Set(tags.map((each) => each.medium?.value.toLowerCase()))
  line(
    'mediums',
    [...index.mediums.whole.keys()],
    [...index.mediums.whole.keys()].filter((each) => mediums.has(each)),
  )
  const names = new Set([...tags.map((each) => each.source?.value.toLowerCase()), ...hosts])
  const aliases = rows(TABLES.names).flatMap(({ words }) => words)
  line(
    'names',
    aliases,
    aliases.filter((each) => names.has(each)),
  )
}

function sections(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let section = ''
  for (const { words } of TABLES.hosts.flatMap(rows)) {
    if (words[0] === '#') section = words.slice(1).join(' ')
    else found.set(section, [...(found.get(section) ?? []), ...spelledOut(words)])
  }
  return found
}

function isUnder(host: string, entry: string): boolean {
  const bare = entry.replace(/^=|\/.*$/g, '')
  const [name = '', wildcard] = bare.split('.*')
  if (wildcard === undefined) return host === name || host.endsWith(`.${name}`)
  return new RegExp(`(^|\\.)${name.replaceAll('.', '\\.')}\\.(com|(com?\\.)?[a-z]{2})$`).test(host)
}

function line(name: string, all: readonly string[], touched: readonly string[]): void {
  const share = `${Math.round((touched.length / all.length) * 100)} %`
  console.log(
    `${name.padEnd(28)} ${String(all.length).padStart(5)} entries, ${share.padStart(5)} touched by a case`,
  )
}
