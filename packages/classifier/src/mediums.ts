import type { Kind } from './channels.js'

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
  const words = new Map<string, Medium>()
  for (const line of table.trim().split('\n')) {
    const [, head = '', mark, values = ''] = /^([a-z ]+)([:~]) (.*)$/.exec(line) ?? []
    const medium = mediumOf(head)
    for (const value of values.split(' ')) {
      whole.set(value, medium)
      if (mark === '~') words.set(value, medium)
    }
  }
  return { whole, words }
}

/** `paid`, `paid social`, `paid cpm` or `email` as written in the table. */
export function mediumOf(head: string): Medium {
  const paid = head.startsWith('paid')
  const kind = paid ? head.slice(5) : head
  if (kind === 'cpm') return { paid, kind: 'display', guess: true }
  if (kind === 'organic') return { paid, kind: 'search', guess: false }
  return { paid, kind: isKind(kind) ? kind : undefined, guess: false }
}

const KINDS: ReadonlySet<string> = new Set<Kind>([
  'search',
  'social',
  'video',
  'shopping',
  'display',
  'email',
  'affiliate',
  'audio',
  'sms',
  'push',
  'ai',
  'referral',
])

function isKind(text: string): text is Kind {
  return KINDS.has(text)
}

/** Lower case, `-` for `_`, `+` and space: `Paid_Social`, `paid social` and `paid-social` are one. */
export function spelling(text: string): string {
  let out = text.toLowerCase()
  if (out.includes(' ')) out = out.replaceAll(' ', '-')
  if (out.includes('_')) out = out.replaceAll('_', '-')
  if (out.includes('+')) out = out.replaceAll('+', '-')
  return out
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
  if (paid) return { paid, kind: soldKind(first), guess: first?.guess ?? false }
  return first
}

/** `paid-email` is an advert, but not one of the sorts that have a channel of their own. */
function soldKind(medium: Medium | undefined): Kind | undefined {
  switch (medium?.kind) {
    case 'search':
    case 'social':
    case 'video':
    case 'shopping':
    case 'display':
      return medium.kind
    default:
      return undefined
  }
}

const GA4_PAID = ['ppc', 'retargeting']

/** `^(.*cp.*|ppc|retargeting|paid.*)$` */
export function isGa4Paid(value: string): boolean {
  return value.includes('cp') || GA4_PAID.includes(value) || value.startsWith('paid')
}
