import type { StoredIds } from './client.js'
import { createHashFilter, FILTER_ROOM } from './hash-filter.js'
import { sipHash64 } from './sip-hash.js'
import { EVERY_PROJECT } from './upkeep-clients.js'

interface Deps {
  /** Runs a statement whose rows have whole numbers as numbers. */
  ask<Row>(query: string, params: Record<string, unknown>): Promise<Row[]>
  /** False for good once anybody else may have written. */
  isAlone(): boolean
}

interface Page {
  ids: number
  hashes: string
  last_project: string
  last_hash: string
}

const PAGE = 50_000
// Three milliseconds of this thread, which others wait for.
const STEP = 5000
const HEX_DIGITS = 16
/** Of the time that a page takes, how long the engine rests after it. */
const REST = 1
// With so many the filter takes one of eight for stored, and soon most.
const MOST = FILTER_ROOM * 4

const BEFORE_ALL = { last_project: '00000000-0000-0000-0000-000000000000', last_hash: '0' }

/** `database` is a quoted name; `pageIds` how many ids are read at once; a table of more than `mostIds` is never read. */
export function createStoredIds(
  database: string,
  { ask, isAlone }: Deps,
  { pageIds = PAGE, mostIds = MOST }: { pageIds?: number; mostIds?: number } = {},
): StoredIds {
  const filter = createHashFilter()
  let read: 'no' | 'now' | 'whole' | 'never' = 'no'
  let last: Page | undefined
  let counted = false

  async function readAll(): Promise<void> {
    if (!counted) {
      const [{ ids } = { ids: 0 }] = await ask<{ ids: number }>(
        `SELECT count() AS ids FROM ${database}.event_ids`,
        {},
      )
      if (ids > mostIds) {
        read = 'never'
        return
      }
      if (ids > pageIds) filter.reserve(ids * 1.25)
      counted = true
    }
    do {
      const began = performance.now()
      const { last_project: project, last_hash: hash } = last ?? BEFORE_ALL
      const [page] = await ask<Page>(pageQuery(database, pageIds), { project, hash })
      if (page === undefined) throw new TypeError('an aggregation has one row')
      await addAll(page)
      last = page
      await rest((performance.now() - began) * REST)
    } while (last.ids === pageIds)
    read = 'whole'
  }

  async function addAll({ hashes }: Page): Promise<void> {
    for (let at = 0; at < hashes.length; at += HEX_DIGITS) {
      if (at % (STEP * HEX_DIGITS) === 0) await rest(0)
      filter.add(number(hashes, at), number(hashes, at + HEX_DIGITS / 2))
    }
  }

  /** What failed goes on with the next question, where it stopped. */
  function begin(): void {
    read = 'now'
    readAll().catch(() => {
      read = 'no'
    })
  }

  return {
    add(eventIds) {
      if (read === 'never') return
      for (const id of eventIds) {
        const { high, low } = sipHash64(id)
        filter.add(high, low)
      }
    },
    among(keys) {
      if (read === 'no') begin()
      if (read !== 'whole' || !isAlone()) return keys
      return keys.filter(({ event_id }) => {
        const { high, low } = sipHash64(event_id)
        return filter.mayHold(high, low)
      })
    },
  }
}

/** In the order of the table, whose first columns find the page. Twins that a page's end parts have one hash. */
function pageQuery(database: string, ids: number): string {
  return `SELECT count() AS ids, arrayStringConcat(groupArray(leftPad(hex(id_hash), 16, '0'))) AS hashes,
  toString(max((project_id, id_hash)).1) AS last_project, toString(max((project_id, id_hash)).2) AS last_hash
FROM (
  SELECT project_id, id_hash FROM ${database}.event_ids
  WHERE ${EVERY_PROJECT} project_id >= {project:UUID} AND (project_id > {project:UUID} OR id_hash > {hash:UInt64})
  ORDER BY project_id, id_hash LIMIT ${ids} SETTINGS max_threads=1, max_block_size=2048
)`
}

function number(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + HEX_DIGITS / 2), 16)
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    // No process stays alive for it.
    if (typeof timer === 'object') timer.unref()
  })
}
