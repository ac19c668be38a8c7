import { existsSync, readFileSync } from 'node:fs'
import type { Classification, ClassifyOptions } from '../src/classification.js'
import { classify } from '../src/classify.js'

/** The case files lie beside the repository and are not part of it. */
const FOLDER = new URL('../../../../shared/data/classifier/', import.meta.url)

export const CASE_FILES = [
  'posthog-channel',
  'dbt-ga4-channel',
  'adobe-referrer',
  'segment-inbound',
  'ghost-referrer',
  'aws-clickstream',
] as const satisfies readonly string[]

export interface Case {
  readonly url: string
  readonly referrer: string
  readonly host: string | null
  readonly userAgent?: string
  readonly expect: Readonly<Record<string, unknown>>
  readonly canon?: readonly string[] | { readonly not: readonly string[] }
  readonly tags?: readonly string[]
  readonly site?: string | readonly string[]
  readonly excludedReferrers?: readonly string[]
}

export interface DomainCase {
  readonly referrer: string
  readonly expect: { readonly medium: 'search' | 'social' | 'ai'; readonly source: string }
}

export interface SuffixCase {
  readonly host: string
  readonly expect: { readonly registrableDomain: string | null }
}

export function hasCases(): boolean {
  return existsSync(FOLDER)
}

export function readCases<Row = Case>(name: string): Row[] {
  const rows: Row[] = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'))
  return rows
}

/** The row's input under our classifier, with the options that the row itself brings. */
export function classifyCase(row: Case): Classification {
  const site = typeof row.site === 'string' ? [row.site] : row.site
  const options: ClassifyOptions = {
    ...(site === undefined ? {} : { ownDomains: site.map(hostOf) }),
    ...(row.excludedReferrers === undefined ? {} : { excludedReferrers: row.excludedReferrers }),
  }
  return classify(
    { url: row.url, referrer: row.referrer, request_host: row.host, user_agent: row.userAgent ?? null },
    options,
  )
}

function hostOf(site: string): string {
  return site.replace(/^\w+:\/\//, '').replace(/[/:].*$/, '')
}

/** Rows without a channel label, and those whose origin says that they cannot be solved, do not count. */
export function counts(row: Case): boolean {
  return row.canon !== undefined && !row.tags?.includes('known-unsolvable')
}

export function isRight(row: Case, channel: string): boolean {
  const canon = row.canon
  if (canon === undefined) return true
  return 'not' in canon ? !canon.not.includes(channel) : canon.includes(channel)
}

/** The channels that a class of the domain list stands for; video sites are listed as social there. */
export const DOMAIN_CHANNELS: Readonly<Record<DomainCase['expect']['medium'], readonly string[]>> = {
  search: ['organic_search'],
  social: ['organic_social', 'organic_video'],
  ai: ['ai'],
}
