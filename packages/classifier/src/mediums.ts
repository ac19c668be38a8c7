import { isKind, type Kind, paidChannel } from './channels.js'
import { rows } from './tables.js'

/** What a value of `utm_medium` says. */
export interface Medium {
  readonly paid: boolean
  readonly kind: Kind | undefined
  /** The kind is only a guess (`cpm` is mostly display), which a known source overrules. */
  readonly guess: boolean
}

export interface MediumIndex {
  readonly whole: ReadonlyMap<string, Medium>
  readonly words: ReadonlyMap<string, Medium>
}

export function createMediumIndex(table: string): MediumIndex {
  const whole = new Map<string, Medium>()
  const parts = new Map<string, Medium>()
  for (const { head, words } of rows(table)) {
    const medium = mediumOf(head)
    for (const word of words) {
      whole.set(word, medium)
      if (head.endsWith(' word')) parts.set(word, medium)
    }
  }
  return { whole, words: parts }
}

/** `paid`, `paid social`, `paid cpm word` or `email` as written in the table. */
export function mediumOf(head: string): Medium {
  const [first = '', second = ''] = head.split(' ')
  const paid = first === 'paid'
  const guess = second === 'cpm'
  const word = paid ? second : first
  return { paid, kind: guess ? 'display' : isKind(word) ? word : undefined, guess }
}

/** Lower case, `-` for `_`, `+` and space: `Paid_Social`, `paid social` and `paid-social` are one. */
export function spelling(text: string): string {
  return text.toLowerCase().replace(/[ _+]/g, '-')
}

/** Whole value first, then its words; never a part of a word (`adsense` and `broadcast` are no adverts). */
export function readMedium(index: MediumIndex, value: string): Medium | undefined {
  const whole = index.whole.get(value)
  if (whole !== undefined) return whole
  let paid = false
  let first: Medium | undefined
  for (const word of value.split(/[^\p{L}\p{N}]+/u)) {
    const medium = index.words.get(word)
    if (medium?.paid || (medium === undefined && word.startsWith('paid'))) paid = true
    if (medium?.kind !== undefined && (first === undefined || first.kind === 'search')) first = medium
  }
  // `paid-email` is an advert, but of no sort that has a channel of its own.
  const sold = first !== undefined && paidChannel(first.kind) !== 'paid_other'
  return paid ? { paid, kind: sold ? first?.kind : undefined, guess: first?.guess ?? false } : first
}

/** `^(.*cp.*|ppc|retargeting|paid.*)$` */
export function isGa4Paid(value: string): boolean {
  return value.includes('cp') || value === 'ppc' || value === 'retargeting' || value.startsWith('paid')
}
