import { AnalyticsError } from '../../errors.js'
import type { KeyStore, Project } from '../../ports/key-store.js'
import { type Engine, isSlug, isStorable, isUuid, type Operations } from './database.js'
import { jobQueries } from './job-queries.js'
import { keyRow } from './key-row.js'
import { rotationQueries } from './rotation-queries.js'
import { JOINED_PROJECT, readJoinedProject, readKey, readProject, writeTime } from './tables.js'

const PROJECT_COLUMNS = [
  'id',
  'slug',
  'name',
  'owner',
  'allowed_origins',
  'retention_days',
  'timezone',
  'plan',
  'created_at',
] as const

// Rows per statement: parameters of one statement are counted in 16 bits.
const ROWS = 1_000

/** Every query of the control plane. Each value is bound; identifiers are constants of this folder. */
export function sqlKeyStore({ name, peppers, run, close }: Engine): KeyStore {
  return {
    name,
    peppers,
    close,
    ...projectQueries(run),
    ...keyQueries(run),
    ...meterQueries(run),
    ...jobQueries(run),
    ...rotationQueries(run),
  }
}

function projectQueries(
  run: Engine['run'],
): Pick<Operations, 'insertProject' | 'findProject' | 'listProjects' | 'updateProject'> {
  return {
    insertProject: (project, keys = []) =>
      run(({ db }) =>
        db.transaction().execute(async (transaction) => {
          await transaction.insertInto('projects').values(projectRow(project)).execute()
          if (keys.length > 0) await transaction.insertInto('api_keys').values(keys.map(keyRow)).execute()
        }),
      ),
    findProject: (idOrSlug) =>
      run(async ({ db }) => {
        const projects = db.selectFrom('projects').select(PROJECT_COLUMNS)
        if (!isSlug(idOrSlug)) return undefined
        const byId = isUuid(idOrSlug)
          ? await projects.where('id', '=', idOrSlug).executeTakeFirst()
          : undefined
        const row = byId ?? (await projects.where('slug', '=', idOrSlug).executeTakeFirst())
        return row && readProject(row)
      }),
    listProjects: ({ owner } = {}) =>
      run(async ({ db }) => {
        if (owner !== undefined && !isStorable(owner)) return []
        const all = db.selectFrom('projects').select(PROJECT_COLUMNS).orderBy('slug')
        return (await (owner === undefined ? all : all.where('owner', '=', owner)).execute()).map(readProject)
      }),
    updateProject: (id, patch) =>
      run(async ({ db }) => {
        if (!isUuid(id)) return undefined
        // `slug = slug` when nothing changes: an update without columns is no SQL.
        const change = Object.keys(patch).length > 0
        const row = await (change
          ? db.updateTable('projects').set(patch).where('id', '=', id).returning(PROJECT_COLUMNS)
          : db.selectFrom('projects').select(PROJECT_COLUMNS).where('id', '=', id)
        ).executeTakeFirst()
        return row && readProject(row)
      }),
  }
}

function keyQueries(
  run: Engine['run'],
): Pick<Operations, 'insertKey' | 'findKey' | 'findKeys' | 'listKeys' | 'revokeKey' | 'touchKeys'> {
  return {
    insertKey: (key) =>
      run(async ({ db }) => {
        await db.insertInto('api_keys').values(keyRow(key)).execute()
      }),
    findKey: (prefix) =>
      run(async ({ db }) => {
        if (!isStorable(prefix)) return undefined
        const row = await db
          .selectFrom('api_keys')
          .leftJoin('projects', 'projects.id', 'api_keys.project_id')
          .selectAll('api_keys')
          .select(JOINED_PROJECT)
          .where('prefix', '=', prefix)
          .executeTakeFirst()
        return row && { key: readKey(row), project: readJoinedProject(row) }
      }),
    findKeys: (prefixes) =>
      run(async ({ kysely: { sql }, db }) => {
        const wanted = prefixes.filter(isStorable)
        if (wanted.length === 0) return []
        const rows = await db
          .selectFrom('api_keys')
          .leftJoin('projects', 'projects.id', 'api_keys.project_id')
          .selectAll('api_keys')
          .select(JOINED_PROJECT)
          // One parameter, so that the statement is the same for any number.
          .where(sql<boolean>`prefix = any(${wanted}::text[])`)
          .execute()
        return rows.map((row) => ({ key: readKey(row), project: readJoinedProject(row) }))
      }),
    listKeys: (projectId) =>
      run(async ({ db }) => {
        if (!isUuid(projectId)) return []
        const keys = db.selectFrom('api_keys').selectAll().where('project_id', '=', projectId)
        return (await keys.orderBy('created_at').orderBy('id').execute()).map(readKey)
      }),
    revokeKey: (projectId, keyId, revokedAt) =>
      run(async ({ kysely: { sql }, db }) => {
        if (!isUuid(projectId) || !isUuid(keyId)) return false
        const row = await db
          .updateTable('api_keys')
          .set({ revoked_at: sql<string>`coalesce(revoked_at, ${writeTime(revokedAt)}::timestamptz)` })
          .where('id', '=', keyId)
          .where('project_id', '=', projectId)
          .returning('id')
          .executeTakeFirst()
        return row !== undefined
      }),
    touchKeys: (used) =>
      run(async ({ kysely: { sql }, db, schema }) => {
        const latest = new Map<string, number>()
        for (const { id, last_used_at } of used) {
          if (isUuid(id)) latest.set(id, Math.max(latest.get(id) ?? last_used_at, last_used_at))
        }
        for (const part of parts(sortedEntries(latest))) {
          const ids = part.map(([id]) => id)
          const times = part.map(([, time]) => writeTime(time))
          // Locked in the order of ids first: an update locks in the order it happens to find rows, and two processes
          // that find the same ones in different orders would wait for each other.
          const table = sql.id(schema, 'api_keys')
          await sql`with locked as (
              select k.id, u.used from ${table} as k
              join unnest(${ids}::uuid[], ${times}::timestamptz[]) as u (id, used) on k.id = u.id
              order by k.id for update of k
            )
            update ${table} as k set last_used_at = greatest(k.last_used_at, locked.used)
            from locked where k.id = locked.id`.execute(db)
        }
      }),
  }
}

function meterQueries(
  run: Engine['run'],
): Pick<Operations, 'addUsage' | 'setUsage' | 'usage' | 'claimSalt' | 'deleteSaltsBefore'> {
  return {
    addUsage: (write, rows) =>
      run(async ({ kysely: { sql }, db, schema }) => {
        const sums = new Map<string, number>()
        for (const { project_id, month, events } of rows) {
          const name = `${project_id}/${month}`
          sums.set(name, (sums.get(name) ?? 0) + events)
        }
        // Sorted, so that two processes lock the same rows in the same order.
        const values = sortedEntries(sums).map(([name, events]) => {
          const [project_id = '', month = ''] = name.split('/')
          return { project_id, month, events }
        })
        if (values.length === 0) return
        await db.transaction().execute(async (transaction) => {
          const first = await transaction
            .insertInto('usage_writes')
            .values({ id: write })
            .onConflict((conflict) => conflict.doNothing())
            .returning('id')
            .executeTakeFirst()
          if (first === undefined) return
          await sql`delete from ${sql.id(schema, 'usage_writes')} where id in (
            select id from ${sql.id(schema, 'usage_writes')} where written_at < now() - interval '7 days'
            limit ${ROWS} for update skip locked)`.execute(transaction)
          for (const part of parts(values)) {
            await transaction
              .insertInto('usage_meter')
              .values(part)
              .onConflict((conflict) =>
                conflict
                  .columns(['project_id', 'month'])
                  .doUpdateSet({ events: sql<number>`usage_meter.events + excluded.events` }),
              )
              .execute()
          }
        })
      }),
    setUsage: (row) =>
      run(async ({ db }) => {
        await db
          .insertInto('usage_meter')
          .values(row)
          .onConflict((conflict) =>
            conflict.columns(['project_id', 'month']).doUpdateSet({ events: row.events }),
          )
          .execute()
      }),
    usage: (projectIds) =>
      run(async ({ kysely: { sql }, db }) => {
        const wanted = projectIds.filter(isUuid)
        if (wanted.length === 0) return []
        const rows = await db
          .selectFrom('usage_meter')
          .selectAll()
          .where(sql<boolean>`project_id = any(${wanted}::uuid[])`)
          .orderBy('project_id')
          .orderBy('month')
          .execute()
        return rows.map(({ project_id, month, events }) => ({ project_id, month, events: Number(events) }))
      }),
    claimSalt: ({ day, salt }) =>
      run(({ kysely: { sql }, db }) =>
        db
          .insertInto('ip_salts')
          .values({ day, salt })
          // An update that changes nothing: "do nothing" would not return the row that is there.
          .onConflict((conflict) => conflict.column('day').doUpdateSet({ salt: sql<string>`ip_salts.salt` }))
          .returning(['day', 'salt'])
          .executeTakeFirstOrThrow(),
      ),
    deleteSaltsBefore: (day) =>
      run(async ({ db }) => {
        const { numDeletedRows } = await db.deleteFrom('ip_salts').where('day', '<', day).executeTakeFirst()
        return Number(numDeletedRows)
      }),
  }
}

function projectRow(project: Project): Omit<Project, 'created_at'> & { created_at: string } {
  return { ...project, created_at: writeTime(project.created_at) }
}

function sortedEntries<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

function* parts<T>(items: readonly T[]): Generator<T[]> {
  for (let i = 0; i < items.length; i += ROWS) yield items.slice(i, i + ROWS)
}

/** The error of a store that was closed. */
export function closed(): AnalyticsError {
  return new AnalyticsError('shutting_down', 'The key store is closed.')
}
