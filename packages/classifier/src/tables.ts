import { MEDIUMS } from './tables/mediums.js'
import { COMMON_WORDS, NAMES } from './tables/names.js'
import { CLICK_IDS, TAG_BEGINNINGS, TAGS, TERMS } from './tables/params.js'
import { PLACES } from './tables/places.js'
import { SEARCH } from './tables/search.js'
import { SOCIAL } from './tables/social.js'

/** Everything that the rules know by name; the notations stand with the built-in tables. */
export interface Tables {
  /** In the notation of `addHosts`. */
  readonly hosts: readonly string[]
  readonly clickIds: string
  readonly tags: string
  readonly tagBeginnings: string
  readonly terms: string
  readonly mediums: string
  readonly names: string
  readonly commonWords: string
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
  hosts: [SEARCH, SOCIAL, PLACES],
  clickIds: CLICK_IDS,
  tags: TAGS,
  tagBeginnings: TAG_BEGINNINGS,
  terms: TERMS,
  mediums: MEDIUMS,
  names: NAMES,
  commonWords: COMMON_WORDS,
}
