import { describe, expect, it } from 'vitest'
import {
  CASE_FILES,
  type Case,
  classifyCase,
  counts,
  DOMAIN_CHANNELS,
  type DomainCase,
  hasCases,
  isRight,
  readCases,
  type SuffixCase,
} from '../report/cases.js'
import { classify, registrable } from '../src/index.js'

if (!hasCases()) {
  console.warn('SKIPPED: the case files (../shared/data/classifier beside the repository) are not here.')
}
const withCases = it.skipIf(!hasCases())

function score(rows: readonly Case[]): number {
  const counted = rows.filter(counts)
  return counted.filter((row) => isRight(row, classifyCase(row).channel)).length / counted.length
}

function isPaid(channel: string): boolean {
  return channel.startsWith('paid_') || channel === 'display' || channel === 'cross_network'
}

describe('shown case files', () => {
  withCases('macro average is at least 97 %', () => {
    const scores = CASE_FILES.map((name) => score(readCases(name)))
    expect(scores.reduce((sum, each) => sum + each, 0) / scores.length).toBeGreaterThanOrEqual(0.97)
    expect(Math.min(...scores)).toBeGreaterThanOrEqual(0.95)
  })

  withCases('no unpaid row is called paid', () => {
    const wrong = CASE_FILES.flatMap((name) => readCases(name))
      .filter((row) => Array.isArray(row.canon) && !row.canon.some(isPaid))
      .filter((row) => isPaid(classifyCase(row).channel))
    expect(wrong).toEqual([])
  })

  withCases('at least 98 % of the known hosts get the right class', () => {
    const rows = readCases<DomainCase>('domains-matomo-cc0')
    const right = rows.filter(({ referrer, expect: { medium } }) =>
      DOMAIN_CHANNELS[medium].includes(classify({ url: 'https://example.com/', referrer }).channel),
    )
    expect(right.length / rows.length).toBeGreaterThanOrEqual(0.98)
  })

  withCases('registrable domains: the built-in rules answer most of the suffix tests', () => {
    const rows = readCases<SuffixCase>('psl-tests')
    const right = rows.filter((row) => registrable(row.host.toLowerCase()) === row.expect.registrableDomain)
    expect(right.length / rows.length).toBeGreaterThanOrEqual(0.6)
  })

  withCases('search terms are read where the origin reads one', () => {
    const rows = readCases('segment-inbound').filter(
      (row) => typeof row.expect.term === 'string' && row.expect.medium === 'search',
    )
    expect(rows.length).toBeGreaterThan(10)
    for (const row of rows) expect(classifyCase(row).term, row.referrer).toBe(row.expect.term)
  })
})
