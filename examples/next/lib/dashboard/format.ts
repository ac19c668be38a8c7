import { SITE } from '../site'
import type { Headline } from './view'

const { locale } = SITE

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 3 })
const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
const roughShare = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
const signedShare = new Intl.NumberFormat(locale, {
  style: 'percent',
  maximumFractionDigits: 0,
  signDisplay: 'exceptZero',
})
const signedPoints = new Intl.NumberFormat(locale, { maximumFractionDigits: 1, signDisplay: 'exceptZero' })
const unit = (name: string): Intl.NumberFormat =>
  new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: name,
    unitDisplay: 'narrow',
    maximumFractionDigits: 0,
  })
const units = { day: unit('day'), hour: unit('hour'), minute: unit('minute'), second: unit('second') }

/** Shown where there is nothing to divide by. */
export const NOTHING = '–'

export const count = (value: number): string => whole.format(value)
/** 12.3K, when exact digits would be too many. */
export const short = (value: number): string => (value < 10_000 ? whole : compact).format(value)
export const percent = (value: number): string => share.format(value)
export const roughPercent = (value: number): string => roughShare.format(value)

/** The two largest units: 2m 14s, 3d 4h. */
export function duration(seconds: number): string {
  const total = Math.round(seconds)
  const parts = [
    ['day', Math.floor(total / 86_400)],
    ['hour', Math.floor(total / 3600) % 24],
    ['minute', Math.floor(total / 60) % 60],
    ['second', total % 60],
  ] as const
  const first = parts.findIndex(([, value]) => value > 0)
  if (first === -1) return units.second.format(0)
  return parts
    .slice(first, first + 2)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => units[name].format(value))
    .join(' ')
}

const LABELS: Record<Headline, string> = {
  people: 'People',
  pageviews: 'Page views',
  sessions: 'Sessions',
  bounce_rate: 'Bounce rate',
  session_duration: 'Session length',
  conversion_rate: 'Conversion',
}

export const labelOf = (metric: Headline): string => LABELS[metric]

const isRate = (metric: Headline): boolean => metric === 'bounce_rate' || metric === 'conversion_rate'

/** A value as the headline and the series show it. */
export function showValue(metric: Headline, value: number | null): string {
  if (value === null) return NOTHING
  if (isRate(metric)) return percent(value)
  return metric === 'session_duration' ? duration(value) : short(value)
}

export interface Change {
  text: string
  direction: 'up' | 'down' | 'same'
  /** Whether that is what one hopes for. */
  mood: 'good' | 'bad' | 'neutral'
}

/** How a value differs from the one before: rates in percentage points, all else in percent. Undefined without one. */
export function changeOf(metric: Headline, now: number | null, before: number | null): Change | undefined {
  if (now === null || before === null || (!isRate(metric) && before === 0)) return undefined
  const difference = isRate(metric) ? (now - before) * 100 : (now - before) / before
  // What is shown as zero is no change.
  const step = isRate(metric) ? 0.05 : 0.005
  const direction = Math.abs(difference) < step ? 'same' : difference > 0 ? 'up' : 'down'
  const hoped = metric === 'bounce_rate' ? 'down' : 'up'
  return {
    text: (isRate(metric) ? `${signedPoints.format(difference)} pp` : signedShare.format(difference)).replace(
      '-',
      '−',
    ),
    direction,
    mood: direction === 'same' ? 'neutral' : direction === hoped ? 'good' : 'bad',
  }
}

/** Dates of the page's locale in the zone of the answer. */
export function datesIn(timeZone: string) {
  const make = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(locale, { timeZone, ...options })
  const formats = {
    hour: make({ hour: '2-digit', minute: '2-digit' }),
    day: make({ day: 'numeric', month: 'short' }),
    moment: make({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
    weekday: make({ weekday: 'short', day: 'numeric', month: 'short' }),
    year: make({ day: 'numeric', month: 'short', year: 'numeric' }),
  }
  const text = (format: keyof typeof formats) => (iso: string) => formats[format].format(new Date(iso))
  return {
    hour: text('hour'),
    day: text('day'),
    moment: text('moment'),
    weekday: text('weekday'),
    year: text('year'),
  }
}
export type Dates = ReturnType<typeof datesIn>

/** paid_search → Paid search */
export function titleOf(name: string): string {
  if (name === '') return 'Unknown'
  if (name === 'ai') return 'AI'
  const text = name.replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const countries = new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' })

export function countryName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (countries.of(code) ?? code) : 'Unknown'
}
