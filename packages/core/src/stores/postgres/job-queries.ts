import type { Job } from '../../ports/key-store.js'
import { type Engine, isUuid, type Operations } from './database.js'
import { readOptionalTime, readTime, type Tables, writeOptionalTime, writeTime } from './tables.js'

type JobOperations = Pick<Operations, 'insertJob' | 'findJob' | 'updateJob' | 'listJobs'>

export function jobQueries(run: Engine['run']): JobOperations {
  return {
    insertJob: (job) =>
      run(async ({ db }) => {
        const row = {
          ...job,
          counts: JSON.stringify(job.counts),
          created_at: writeTime(job.created_at),
          finished_at: writeOptionalTime(job.finished_at),
          verified_at: writeOptionalTime(job.verified_at),
        }
        await db.insertInto('jobs').values(row).execute()
      }),
    findJob: (projectId, jobId) =>
      run(async ({ db }) => {
        if (!isUuid(projectId) || !isUuid(jobId)) return undefined
        const own = db.selectFrom('jobs').selectAll().where('project_id', '=', projectId)
        const row = await own.where('id', '=', jobId).executeTakeFirst()
        return row && readJob(row)
      }),
    updateJob: (projectId, jobId, { state, counts, finished_at, verified_at, error }) =>
      run(async ({ kysely: { sql }, db }) => {
        if (!isUuid(projectId) || !isUuid(jobId)) return undefined
        const row = await db
          .updateTable('jobs')
          .set({
            // An update without columns is no SQL.
            ...(state === undefined ? { state: sql<Job['state']>`jobs.state` } : { state }),
            ...(counts === undefined ? {} : { counts: JSON.stringify(counts) }),
            ...(finished_at === undefined ? {} : { finished_at: writeOptionalTime(finished_at) }),
            ...(verified_at === undefined ? {} : { verified_at: writeOptionalTime(verified_at) }),
            ...(error === undefined ? {} : { error }),
          })
          .where('project_id', '=', projectId)
          .where('id', '=', jobId)
          .returningAll()
          .executeTakeFirst()
        return row && readJob(row)
      }),
    listJobs: (projectId, states) =>
      run(async ({ db }) => {
        if (states.length === 0 || (projectId !== null && !isUuid(projectId))) return []
        const all = db
          .selectFrom('jobs')
          .selectAll()
          .where('state', 'in', [...states])
        const wanted = projectId === null ? all : all.where('project_id', '=', projectId)
        return (await wanted.orderBy('created_at').orderBy('id').execute()).map(readJob)
      }),
  }
}

type JobRow = {
  [K in keyof Tables['jobs']]: K extends 'id' | 'project_id' | 'kind' | 'state' | 'error' ? Job[K] : unknown
}

function readJob(row: JobRow): Job {
  return {
    id: row.id,
    project_id: row.project_id,
    kind: row.kind,
    state: row.state,
    counts: readCounts(row.counts),
    created_at: readTime(row.created_at),
    finished_at: readOptionalTime(row.finished_at),
    verified_at: readOptionalTime(row.verified_at),
    error: row.error,
  }
}

function readCounts(value: unknown): Record<string, number> {
  const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value
  return Object.fromEntries(Object.entries(parsed ?? {}).map(([name, count]) => [name, Number(count)]))
}
