import type {
  ErasureRecord,
  ErasureRequest,
  ErasureStore,
  PurgeSelector,
  RowCounts,
  Tombstone,
  Trace,
} from '../../ports/erasure-store.js'
import type { StoredEvent } from '../../ports/event-store.js'
import { compareText } from '../../ports/order.js'
import type { QuarantinedEvent } from '../../ports/quarantine-store.js'
import { identifies } from './memory-identity.js'

/** Rows by project and event id, as `memoryEvents` holds them. */
type Rows = Map<string, Map<string, StoredEvent[]>>

/** What a row says about whose it is. */
type Showing = Pick<StoredEvent, 'timestamp' | 'received_at' | 'user_id' | 'anonymous_id'>

/** Erasing in memory, in the plainest way; the reference of every other store. Changes both lists in place. */
export function memoryErasures(projects: Rows, quarantine: QuarantinedEvent[]): ErasureStore {
  const requests = new Map<string, ErasureRequest>()
  const traces = new Map<string, Trace>()
  const removed = new Map<string, Record<string, number>>()
  const records = new Map<string, ErasureRecord>()
  const tombstones = new Map<string, Tombstone>()

  const eventsOf = (projectId: string): StoredEvent[] => [...(projects.get(projectId)?.values() ?? [])].flat()
  const tracesOf = (ids: readonly string[]): Trace[] =>
    [...traces.values()].filter(({ erasure_id }) => ids.includes(erasure_id))

  function note(request: ErasureRequest, kind: Trace['kind'], user_id: string, anonymous_id: string): void {
    const { id: erasure_id, project_id, until } = request
    const trace = { erasure_id, project_id, kind, user_id, anonymous_id, until }
    traces.set(JSON.stringify(trace), trace)
  }

  function noteLinked(request: ErasureRequest): void {
    const { id, project_id, user_id, anonymous_id, until } = request
    const links = ownersAt(eventsOf(project_id), until)
    if (user_id !== '' && anonymous_id !== '') return
    if (user_id !== '') {
      for (const [linked, owner] of links) if (owner === user_id) note(request, 'anonymous', '', linked)
      return
    }
    const owner = links.get(anonymous_id)
    // Once and for all: with that user's links gone the next one in line would look like the owner.
    const known = tracesOf([id]).some(({ kind }) => kind === 'both')
    if (owner !== undefined && !known) note(request, 'both', owner, anonymous_id)
  }

  function remove(selector: PurgeSelector): RowCounts {
    const name = selector.kind === 'person' ? selector.erasure_id : selector.project_id
    const counts = { events: 0, identity_links: 0 }
    for (const [id, list] of projects.get(selector.project_id) ?? []) {
      const kept = list.filter((event) => !isSelected(selector, event))
      counts.events += list.length - kept.length
      counts.identity_links += list.filter(isLink).length - kept.filter(isLink).length
      if (kept.length === 0) projects.get(selector.project_id)?.delete(id)
      else projects.get(selector.project_id)?.set(id, kept)
    }
    const refused = refusedOf(selector)
    for (const event of refused) quarantine.splice(quarantine.indexOf(event), 1)
    const all: RowCounts = { ...counts, ...(refused.length === 0 ? {} : { quarantine: refused.length }) }
    if (selector.kind === 'retention') return all
    const sum: Record<string, number> = { ...removed.get(name) }
    for (const [table, count] of Object.entries(all)) sum[table] = (sum[table] ?? 0) + count
    removed.set(name, sum)
    return sum
  }

  function isSelected(selector: PurgeSelector, event: Showing): boolean {
    return selector.kind === 'retention'
      ? event.timestamp < selector.before
      : tracesOf([selector.erasure_id]).some((trace) => shows(event, trace))
  }

  function refusedOf(selector: PurgeSelector): QuarantinedEvent[] {
    return quarantine.filter((event) => {
      if (event.project_id !== selector.project_id) return false
      // The time of a refused event may be what was wrong with it.
      const timestamp =
        selector.kind === 'retention' && event.timestamp === 0 ? event.quarantined_at : event.timestamp
      return isSelected(selector, { ...event, timestamp })
    })
  }

  return {
    async noteErasures(list) {
      for (const request of list) {
        requests.set(request.id, request)
        const { user_id, anonymous_id } = request
        const kind = user_id === '' ? 'anonymous' : anonymous_id === '' ? 'user' : 'both'
        note(request, kind, user_id, anonymous_id)
        noteLinked(request)
      }
    },
    async tracesOf(ids) {
      for (const id of ids) {
        const request = requests.get(id)
        if (request !== undefined) noteLinked(request)
      }
      return tracesOf(ids)
    },
    async purge(selectors) {
      const receipt = selectors.map((selector): [string, RowCounts] => [
        selector.kind === 'person' ? selector.erasure_id : selector.project_id,
        remove(selector),
      ])
      for (const selector of selectors) {
        if (selector.kind === 'person') continue
        for (const [name, { project_id, until }] of tombstones) {
          if (project_id === selector.project_id && until < selector.before) tombstones.delete(name)
        }
      }
      return new Map(receipt.filter(([, counts]) => Object.values(counts).some((count) => count > 0)))
    },
    async survivors(selectors) {
      const left = selectors.flatMap((selector) =>
        eventsOf(selector.project_id).filter((event) => isSelected(selector, event)),
      )
      const links = left.filter(isLink)
      const refused = selectors.flatMap(refusedOf)
      return {
        ...(left.length === 0 ? {} : { events: left.length }),
        ...(links.length === 0 ? {} : { identity_links: links.length }),
        ...(refused.length === 0 ? {} : { quarantine: refused.length }),
      }
    },
    async settleErasures(list) {
      for (const record of list) {
        records.set(record.id, record)
        requests.delete(record.id)
        removed.delete(record.id)
        for (const [name, trace] of traces) if (trace.erasure_id === record.id) traces.delete(name)
      }
    },
    async erasureRecords(projectId) {
      return [...records.values()].filter(({ project_id }) => project_id === projectId)
    },
    async addTombstones(list) {
      for (const tombstone of list) {
        const name = `${tombstone.project_id}/${tombstone.pepper_id}/${tombstone.hash}`
        const until = Math.max(tombstone.until, tombstones.get(name)?.until ?? 0)
        tombstones.set(name, { ...tombstone, until })
      }
    },
    async tombstones(projectId) {
      return [...tombstones.values()].filter(({ project_id }) => project_id === projectId)
    },
  }
}

function shows(event: Showing, { kind, user_id, anonymous_id, until }: Trace): boolean {
  // Received before the moment, it goes also when its clock was ahead.
  if (Math.min(event.timestamp, event.received_at) > until) return false
  if (kind === 'user') return event.user_id === user_id
  return event.anonymous_id === anonymous_id && event.user_id === (kind === 'both' ? user_id : '')
}

/** The owner of each anonymous id, where the oldest link of all was there at the moment. */
function ownersAt(events: readonly StoredEvent[], until: number): Map<string, string> {
  const oldest = new Map<string, StoredEvent>()
  for (const link of identifies(events)) {
    const known = oldest.get(link.anonymous_id)
    const order =
      known === undefined
        ? -1
        : link.timestamp - known.timestamp || compareText(link.event_id, known.event_id)
    if (order < 0) oldest.set(link.anonymous_id, link)
  }
  const there = [...oldest.values()].filter(
    ({ timestamp, received_at }) => Math.min(timestamp, received_at) <= until,
  )
  return new Map(there.map(({ anonymous_id, user_id }) => [anonymous_id, user_id]))
}

function isLink({ event_name, anonymous_id, user_id }: StoredEvent): boolean {
  return event_name === '$identify' && anonymous_id !== '' && user_id !== ''
}
