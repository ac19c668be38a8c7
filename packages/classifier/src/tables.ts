import type { Kind } from './channels.js'
import { MEDIUMS } from './tables/mediums.js'
import { NAMES } from './tables/names.js'
import { CLICK_IDS, TAG_BEGINNINGS, TAGS, TERMS } from './tables/params.js'
import {
  ADS,
  AFFILIATE,
  AI,
  AUDIO,
  EMAIL,
  OTHER_ADS,
  PASS_THROUGH,
  SEARCH_ADS,
  SHOPPING,
  VIDEO,
} from './tables/places.js'
import { SEARCH } from './tables/search.js'
import { SOCIAL } from './tables/social.js'

/** A table of hosts of one kind, in the notation of `addHosts`. */
export interface HostTable {
  readonly kind: Kind
  readonly table: string
  /** Every click from there is an advert. */
  readonly paid?: boolean
  /** Pages passed through on the way back, no places to come from. */
  readonly drop?: boolean
}

/** Everything that the rules know by name; the notations stand with the built-in tables. */
export interface Tables {
  readonly hosts: readonly HostTable[]
  readonly clickIds: string
  readonly tags: string
  readonly tagBeginnings: string
  readonly terms: string
  readonly mediums: string
  readonly names: string
}

/** One line of a table: `head: words`, or words alone. */
export interface Row {
  readonly head: string
  readonly words: readonly string[]
}

export function rows(table: string): Row[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const colon = line.search(/:(?= |$)/)
      const words = line.slice(colon + 1).trim()
      return { head: colon < 0 ? '' : line.slice(0, colon), words: words === '' ? [] : words.split(' ') }
    })
}

/** The built-in tables. */
export const TABLES: Tables = {
  hosts: [
    { kind: 'search', table: SEARCH },
    { kind: 'social', table: SOCIAL },
    { kind: 'video', table: VIDEO },
    { kind: 'ai', table: AI },
    { kind: 'shopping', table: SHOPPING },
    { kind: 'email', table: EMAIL },
    { kind: 'audio', table: AUDIO },
    { kind: 'affiliate', table: AFFILIATE },
    { kind: 'display', table: ADS, paid: true },
    { kind: 'search', table: SEARCH_ADS, paid: true },
    { kind: 'other', table: OTHER_ADS, paid: true },
    { kind: 'referral', table: PASS_THROUGH, drop: true },
  ],
  clickIds: CLICK_IDS,
  tags: TAGS,
  tagBeginnings: TAG_BEGINNINGS,
  terms: TERMS,
  mediums: MEDIUMS,
  names: NAMES,
}
