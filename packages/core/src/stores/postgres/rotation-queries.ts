import { type Engine, isStorable, isUuid, type Operations } from './database.js'
import { keyRow } from './key-row.js'
import { readKey, writeTime } from './tables.js'

/** Rotation, and the keys of accounts. */
export function rotationQueries(
  run: Engine['run'],
): Pick<Operations, 'rotateKey' | 'listAccountKeys' | 'revokeAccountKey'> {
  return {
    rotateKey: (keyId, expiresAt, next) =>
      run(({ kysely: { sql }, db }) => {
        if (!isUuid(keyId) || !isStorable(next.owner ?? '')) return Promise.resolve(false)
        return db.transaction().execute(async (transaction) => {
          const ended = await transaction
            .updateTable('api_keys')
            // `least` leaves nulls out.
            .set({
              expires_at: sql<string>`least(expires_at, ${writeTime(expiresAt)}::timestamptz)`,
              replaced_by: next.id,
            })
            .where('id', '=', keyId)
            .where('project_id', 'is not distinct from', next.project_id)
            .where('owner', 'is not distinct from', next.owner)
            .where('revoked_at', 'is', null)
            .where('replaced_by', 'is', null)
            .where(
              sql<boolean>`(expires_at is null or expires_at > ${writeTime(next.created_at)}::timestamptz)`,
            )
            .returning('id')
            .executeTakeFirst()
          if (ended === undefined) return false
          await transaction.insertInto('api_keys').values(keyRow(next)).execute()
          return true
        })
      }),
    listAccountKeys: (owner) =>
      run(async ({ db }) => {
        if (!isStorable(owner)) return []
        const own = db
          .selectFrom('api_keys')
          .selectAll()
          .where('owner', '=', owner)
          .where('project_id', 'is', null)
        return (await own.orderBy('created_at').orderBy('id').execute()).map(readKey)
      }),
    revokeAccountKey: (owner, keyId, revokedAt) =>
      run(async ({ kysely: { sql }, db }) => {
        if (!isUuid(keyId) || !isStorable(owner)) return false
        const row = await db
          .updateTable('api_keys')
          .set({ revoked_at: sql<string>`coalesce(revoked_at, ${writeTime(revokedAt)}::timestamptz)` })
          .where('id', '=', keyId)
          .where('owner', '=', owner)
          .where('project_id', 'is', null)
          .returning('id')
          .executeTakeFirst()
        return row !== undefined
      }),
  }
}
