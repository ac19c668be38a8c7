import { classify } from '../src/classify.js'
import { registrable } from '../src/registrable.js'
import {
  CASE_FILES,
  classifyCase,
  counts,
  DOMAIN_CHANNELS,
  type DomainCase,
  hasCases,
  isRight,
  readCases,
  type SuffixCase,
} from './cases.js'
import { reportCoverage } from './coverage.js'

if (hasCases()) report()
else console.warn('No case files beside the repository (../shared/data/classifier): nothing to report.')

function report(): void {
  const scores = CASE_FILES.map(reportFile)
  const macro = scores.reduce((sum, score) => sum + score, 0) / scores.length
  console.log(`\n${'macro average'.padEnd(28)} ${percent(macro)}`)
  reportDomains()
  reportSuffixes()
  console.log('')
  reportCoverage()
}

function reportFile(name: string): number {
  const rows = readCases(name).filter(counts)
  const misses = rows
    .map((row) => ({ row, got: classifyCase(row) }))
    .filter(({ row, got }) => !isRight(row, got.channel))
  line(name, rows.length - misses.length, rows.length)
  for (const { row, got } of misses) {
    console.log(`    ${cut(row.url)} from ${cut(row.referrer) || '-'}`)
    console.log(`      expected ${JSON.stringify(row.canon)}${row.tags ? ` (${row.tags.join(', ')})` : ''}`)
    console.log(`      got ${got.channel} by ${got.rule_id}: ${JSON.stringify(got.evidence)}`)
  }
  return (rows.length - misses.length) / rows.length
}

function reportDomains(): void {
  const rows = readCases<DomainCase>('domains-matomo-cc0')
  const misses = rows
    .map((row) => ({ row, got: classify({ url: 'https://example.com/', referrer: row.referrer }) }))
    .filter(({ row, got }) => !DOMAIN_CHANNELS[row.expect.medium].includes(got.channel))
  console.log('')
  line('domains-matomo-cc0', rows.length - misses.length, rows.length)
  for (const { row, got } of misses) {
    console.log(
      `    ${cut(row.referrer)} expected ${row.expect.medium} (${row.expect.source}), got ${got.channel}`,
    )
  }
}

function reportSuffixes(): void {
  const rows = readCases<SuffixCase>('psl-tests')
  const misses = rows.filter((row) => registrable(row.host.toLowerCase()) !== row.expect.registrableDomain)
  console.log('')
  line('psl-tests', rows.length - misses.length, rows.length)
  console.log(`    missed: ${misses.map((row) => row.host).join(' ')}`)
}

function line(name: string, right: number, all: number): void {
  console.log(`${name.padEnd(28)} ${`${right}/${all}`.padStart(9)}  ${percent(right / all)}`)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function cut(text: string): string {
  return text.length > 110 ? `${text.slice(0, 110)}…` : text
}
