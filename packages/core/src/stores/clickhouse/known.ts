import { type CallOptions, type EventKey, eventKeyName } from '../../ports/event-store.js'
import type { Read } from './reader.js'
import { knownStatement, namesStatement } from './sql/events.js'

// Ids travel in the address, of which servers take 1 MiB; one large lookup is cheaper than many small ones.
const IDS_PER_LOOKUP = 5000
const BYTES_PER_LOOKUP = 700_000
/** Of each id, its quotes and the comma, and its hash among those that were found. */
const BYTES_BESIDE = 40

/** The body hash of each stored id among the keys, by {@link eventKeyName}. */
export async function findKnown(
  read: Read,
  database: string,
  keys: readonly EventKey[],
  options?: CallOptions,
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  const byProject = new Map<string, string[]>()
  for (const { project_id, event_id } of keys) {
    const ids = byProject.get(project_id)
    if (ids === undefined) byProject.set(project_id, [event_id])
    else ids.push(event_id)
  }

  async function lookUp(project_id: string, ids: readonly string[]): Promise<void> {
    type Hit = { id_hash: string; body_hash: number }
    const hits = await read<Hit>(knownStatement(database, project_id, ids), options)
    if (hits.length === 0) return
    const bodies = new Map(hits.map(({ id_hash, body_hash }) => [id_hash, body_hash]))
    type Named = { event_id: string; id_hash: string }
    const names = await read<Named>(namesStatement(ids, [...bodies.keys()]), options)
    for (const { event_id, id_hash } of names) {
      found.set(eventKeyName({ project_id, event_id }), bodies.get(id_hash) ?? 0)
    }
  }

  const lookups: Promise<void>[] = []
  for (const [project_id, ids] of byProject) {
    for (const part of lookupsOf(ids)) lookups.push(lookUp(project_id, part))
  }
  await Promise.all(lookups)
  return found
}

function lookupsOf(ids: readonly string[]): string[][] {
  const lookups: string[][] = []
  let [part, bytes]: [string[], number] = [[], 0]
  for (const id of ids) {
    const length = encodeURIComponent(id).length + BYTES_BESIDE
    if (part.length === 0 || part.length === IDS_PER_LOOKUP || bytes + length > BYTES_PER_LOOKUP) {
      ;[part, bytes] = [[], 0]
      lookups.push(part)
    }
    part.push(id)
    bytes += length
  }
  return lookups
}
