import type {
  ErasureRecord,
  ErasureRequest,
  ErasureStore,
  PersonSelector,
  PurgeSelector,
  RetentionSelector,
  Tombstone,
  Trace,
} from '../../ports/erasure-store.js'
import { type Connections, identifier, settingsClause } from './client.js'
import { insertError } from './errors.js'
import { countPeople, type Erasing, erasingOf, purgePeople } from './purge.js'
import { countExpired, purgeExpired } from './retention.js'
import { ask, type Clients, writing } from './upkeep-clients.js'

/** Erasing in ClickHouse. `start` gives connections to a migrated database. */
export function createErasures(start: () => Promise<Connections>, database: string): ErasureStore {
  const db = identifier(database)

  async function withClients<T>(work: (clients: Clients) => Promise<T>): Promise<T> {
    const { writer, readers, sharded } = await start()
    try {
      return await work({ db, writer, reader: readers[0], sharded })
    } catch (error) {
      throw insertError(error)
    }
  }

  return {
    noteErasures: async (requests) => {
      if (requests.length === 0) return
      await withClients(async (clients) => {
        await insertRows(clients, 'erasures', requests.map(noteOf))
        await noteLinked(
          clients,
          erasingOf(requests.map(({ id, project_id }) => ({ erasure_id: id, project_id }))),
        )
      })
    },
    tracesOf: async (erasureIds) =>
      await withClients(async (clients) => {
        const erasing = await findNotes(clients, erasureIds)
        if (erasing.erasure_ids.length === 0) return []
        await noteLinked(clients, erasing)
        return await readTraces(clients, erasing)
      }),
    purge: async (selectors) =>
      await withClients(async (clients) => {
        const { people, limits } = sortSelectors(selectors)
        return new Map([
          ...(people.length === 0 ? [] : await purgePeople(clients, erasingOf(people))),
          ...(limits.length === 0 ? [] : await purgeExpired(clients, limits)),
        ])
      }),
    survivors: async (selectors) =>
      await withClients(async (clients) => {
        const { people, limits } = sortSelectors(selectors)
        return {
          ...(people.length === 0 ? {} : await countPeople(clients, erasingOf(people))),
          ...(limits.length === 0 ? {} : await countExpired(clients, limits)),
        }
      }),
    settleErasures: async (records) => {
      if (records.length === 0) return
      await withClients(async (clients) => {
        await insertRows(clients, 'erasure_records', records.map(recordOf))
        const params = erasingOf(records.map(({ id, project_id }) => ({ erasure_id: id, project_id })))
        for (const table of ['erased_rows', 'erasures']) {
          await clients.writer.command({
            query: `ALTER TABLE ${db}.${table} DELETE
WHERE project_id IN {project_ids:Array(UUID)} AND erasure_id IN {erasure_ids:Array(UUID)}
${settingsClause({ mutations_sync: 2 })}`,
            query_params: { ...params },
          })
        }
      })
    },
    erasureRecords: async (projectId) =>
      await withClients(
        async (clients) =>
          await ask<ErasureRecord>(
            clients,
            `SELECT toString(r.erasure_id) AS id, toString(r.project_id) AS project_id, r.subject AS subject,
  toUnixTimestamp64Milli(r.requested_at) AS requested_at, toUnixTimestamp64Milli(r.verified_at) AS verified_at, r.removed AS removed
FROM ${db}.erasure_records AS r FINAL WHERE r.project_id = {project_id:UUID} ORDER BY requested_at, id`,
            { project_id: projectId },
          ),
      ),
    addTombstones: async (tombstones) => {
      if (tombstones.length === 0) return
      await withClients(async (clients) => {
        await insertRows(
          clients,
          'tombstones',
          tombstones.map((tombstone) => ({ ...tombstone, until: textTime(tombstone.until) })),
        )
      })
    },
    tombstones: async (projectId) =>
      await withClients(
        async (clients) =>
          await ask<Tombstone>(
            // Events wait for this; no report may stand in its way.
            { ...clients, reader: clients.writer },
            `SELECT toString(t.project_id) AS project_id, toString(t.hash) AS hash, t.pepper_id AS pepper_id,
  toUnixTimestamp64Milli(max(t.until)) AS until
FROM ${db}.tombstones AS t WHERE t.project_id = {project_id:UUID}
GROUP BY t.project_id, t.hash, t.pepper_id ORDER BY hash`,
            { project_id: projectId },
          ),
      ),
  }
}

async function insertRows(
  { db, writer }: Clients,
  table: 'erasures' | 'tombstones' | 'erasure_records',
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}).join(', ')
  const settings = settingsClause({ ...writing(), date_time_input_format: 'basic' })
  const lines = rows.map((row) => JSON.stringify(row)).join('\n')
  await writer.command({
    query: `INSERT INTO ${db}.${table} (${columns}) ${settings} FORMAT JSONEachRow\n${lines}`,
  })
}

function sortSelectors(selectors: readonly PurgeSelector[]): {
  people: PersonSelector[]
  limits: RetentionSelector[]
} {
  const people: PersonSelector[] = []
  const limits: RetentionSelector[] = []
  for (const selector of selectors) {
    if (selector.kind === 'person') people.push(selector)
    else limits.push(selector)
  }
  return { people, limits }
}

function noteOf({ id, project_id, user_id, anonymous_id, until }: ErasureRequest): Record<string, string> {
  const kind = user_id === '' ? 'anonymous' : anonymous_id === '' ? 'user' : 'both'
  return { erasure_id: id, project_id, kind, user_id, anonymous_id, until: textTime(until) }
}

function recordOf({ id, requested_at, verified_at, ...record }: ErasureRecord): Record<string, unknown> {
  return {
    ...record,
    erasure_id: id,
    requested_at: textTime(requested_at),
    verified_at: textTime(verified_at),
  }
}

/**
 * Adds what links say. An erasure about an anonymous id takes the one user it belongs to, once and for all: with that
 * user's links gone the next one in line would look like the owner.
 */
async function noteLinked({ db, writer }: Clients, erasing: Erasing): Promise<void> {
  const noted = `${db}.erasures AS n WHERE n.project_id IN {project_ids:Array(UUID)} AND n.erasure_id IN {erasure_ids:Array(UUID)}`
  const owners = `(SELECT i.project_id AS project_id, i.anonymous_id AS anonymous_id,
    argMin(i.user_id, (i.timestamp, i.event_id)) AS owner, argMin(least(i.timestamp, i.received_at), (i.timestamp, i.event_id)) AS since
  FROM ${db}.identity_links AS i
  WHERE i.project_id IN {project_ids:Array(UUID)} AND (i.project_id, i.anonymous_id) IN (
    SELECT o.project_id, o.anonymous_id FROM ${db}.identity_links AS o
    WHERE o.project_id IN {project_ids:Array(UUID)} AND (o.project_id, o.user_id) IN (SELECT n.project_id, n.user_id FROM ${noted} AND n.kind = 'user')
    UNION ALL
    SELECT n.project_id, n.anonymous_id FROM ${noted} AND n.kind = 'anonymous'
  )
  GROUP BY project_id, anonymous_id) AS l`
  await writer.command({
    query: `INSERT INTO ${db}.erasures (erasure_id, project_id, kind, user_id, anonymous_id, until) ${settingsClause(writing())}
SELECT u.erasure_id, u.project_id, 'anonymous', '', l.anonymous_id, u.until
FROM (SELECT n.erasure_id AS erasure_id, n.project_id AS project_id, n.user_id AS user_id, n.until AS until FROM ${noted} AND n.kind = 'user') AS u
INNER JOIN ${owners} ON l.project_id = u.project_id AND l.owner = u.user_id
WHERE l.since <= u.until
  AND (u.erasure_id, l.anonymous_id) NOT IN (SELECT n.erasure_id, n.anonymous_id FROM ${noted} AND n.kind = 'anonymous')
UNION ALL
SELECT a.erasure_id, a.project_id, 'both', l.owner, l.anonymous_id, a.until
FROM (SELECT n.erasure_id AS erasure_id, n.project_id AS project_id, n.anonymous_id AS anonymous_id, n.until AS until FROM ${noted} AND n.kind = 'anonymous') AS a
INNER JOIN ${owners} ON l.project_id = a.project_id AND l.anonymous_id = a.anonymous_id
WHERE l.since <= a.until AND a.erasure_id NOT IN (SELECT n.erasure_id FROM ${noted} AND n.kind IN ('user', 'both'))`,
    query_params: { ...erasing },
  })
}

async function findNotes(clients: Clients, erasureIds: readonly string[]): Promise<Erasing> {
  const found = await ask<{ erasure_id: string; project_id: string }>(
    clients,
    `SELECT DISTINCT toString(n.erasure_id) AS erasure_id, toString(n.project_id) AS project_id
FROM ${clients.db}.erasures AS n WHERE n.erasure_id IN {erasure_ids:Array(UUID)}`,
    { erasure_ids: erasureIds },
  )
  return erasingOf(found)
}

async function readTraces(clients: Clients, erasing: Erasing): Promise<Trace[]> {
  return await ask<Trace>(
    clients,
    `SELECT toString(n.erasure_id) AS erasure_id, toString(n.project_id) AS project_id, n.kind AS kind,
  n.user_id AS user_id, n.anonymous_id AS anonymous_id, toUnixTimestamp64Milli(max(n.until)) AS until
FROM ${clients.db}.erasures AS n
WHERE n.project_id IN {project_ids:Array(UUID)} AND n.erasure_id IN {erasure_ids:Array(UUID)}
GROUP BY n.erasure_id, n.project_id, n.kind, n.user_id, n.anonymous_id
ORDER BY erasure_id, kind, user_id, anonymous_id`,
    { ...erasing },
  )
}

/** Text, because a number means ticks to one reader and seconds to another. */
function textTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ')
}
