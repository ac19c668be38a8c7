import type { EventFilter, Interval } from '@millimetric/schema/wire'

/** Ranges that can be chosen, and how fine their series is. */
export const RANGES = {
  '24h': { label: '24 h', title: 'Last 24 hours', interval: 'hour' },
  '7d': { label: '7 d', title: 'Last 7 days', interval: 'day' },
  '30d': { label: '30 d', title: 'Last 30 days', interval: 'day' },
  '90d': { label: '90 d', title: 'Last 90 days', interval: 'day' },
  '365d': { label: '1 y', title: 'Last 365 days', interval: 'week' },
} as const satisfies Record<string, { label: string; title: string; interval: Interval }>
export type Range = keyof typeof RANGES

/** The numbers at the top, each of which the series can show. */
export const HEADLINES = [
  'people',
  'pageviews',
  'sessions',
  'bounce_rate',
  'session_duration',
  'conversion_rate',
] as const
export type Headline = (typeof HEADLINES)[number]

/** What a click on a row narrows the page to. */
export const FILTERS = ['source', 'channel', 'path', 'country', 'device_type', 'browser'] as const
export type Filter = (typeof FILTERS)[number]

/** What the address of the page asks for. */
export interface View {
  range: Range
  /** IANA name; the project's zone by default. */
  zone: string | undefined
  metric: Headline
  filters: Partial<Record<Filter, string>>
}

export type Search = Record<string, string | string[] | undefined>

/** Reads the address; what it doesn't know it leaves at the default. */
export function readView(search: Search): View {
  const text = (name: string): string | undefined => {
    const value = search[name]
    return typeof value === 'string' && value.length <= 500 ? value : undefined
  }
  const range = text('range')
  const zone = text('timezone')
  const filters: View['filters'] = {}
  for (const name of FILTERS) {
    const value = text(name)
    if (value !== undefined) filters[name] = value
  }
  return {
    range: isRange(range) ? range : '30d',
    zone: zone !== undefined && isZone(zone) ? zone : undefined,
    metric: HEADLINES.find((name) => name === text('metric')) ?? 'people',
    filters,
  }
}

function isRange(text: string | undefined): text is Range {
  return text !== undefined && Object.hasOwn(RANGES, text)
}

function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** The parameters of an address, without those that are the default. */
export function searchOf({ range, zone, metric, filters }: View): [name: string, value: string][] {
  const search: [string, string][] = []
  if (range !== '30d') search.push(['range', range])
  if (zone !== undefined) search.push(['timezone', zone])
  if (metric !== 'people') search.push(['metric', metric])
  for (const name of FILTERS) {
    const value = filters[name]
    if (value !== undefined) search.push([name, value])
  }
  return search
}

/** The address of the same page with something changed. */
export function hrefOf(view: View, change: Partial<View>): string {
  const search = new URLSearchParams(searchOf({ ...view, ...change })).toString()
  return search === '' ? '/dashboard' : `/dashboard?${search}`
}

/** What every question of the page has in common. */
export interface Question {
  from: string | number
  to: number
  timezone?: string
  filters: readonly EventFilter[]
}

const HOUR = 3_600_000

/**
 * The range up to the end of this hour and not of this day: the period before it is then as long, and the morning of a
 * day isn't compared with a whole one.
 */
export function questionOf({ range, zone, filters }: View, now: number): Question {
  const to = Math.ceil((now + 1) / HOUR) * HOUR
  return {
    from: range === '24h' ? to - 24 * HOUR : range,
    to,
    ...(zone === undefined ? {} : { timezone: zone }),
    filters: FILTERS.flatMap((field): EventFilter[] => {
      const value = filters[field]
      return value === undefined ? [] : [{ field, op: 'is', value }]
    }),
  }
}
