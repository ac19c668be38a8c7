import { randomUuid } from '#crypto'
import type { Job } from '../ports/key-store.js'
import { bareProject, check, equal, fails, type KeyStoreCase, stored } from './key-store-case.js'

export const jobStoreCases: readonly KeyStoreCase[] = [
  {
    name: 'keeps every field of a job and finds it through its own project only',
    async run(store) {
      const [{ project }, other] = [await stored(store), await stored(store)]
      for (const job of [queued(project.id), finished(project.id)]) {
        await store.insertJob(job)
        equal(await store.findJob(project.id, job.id), job)
        equal(await store.findJob(other.project.id, job.id), undefined)
      }
      equal(await store.findJob(project.id, randomUuid()), undefined)
    },
  },
  {
    name: 'changes only the fields of a job’s patch, through its own project only',
    async run(store) {
      const [{ project }, other] = [await stored(store), await stored(store)]
      const job = queued(project.id)
      await store.insertJob(job)
      equal(await store.updateJob(other.project.id, job.id, { state: 'failed' }), undefined)
      let expected: Job = job
      const patches = [
        { state: 'running' },
        { counts: { events: 3, survivors: 9_000_000_000 } },
        { state: 'failed', error: `it's "broken"; {}` },
        { state: 'done', error: null, finished_at: 5_123, verified_at: 6_456 },
        {},
      ] as const
      for (const patch of patches) {
        expected = { ...expected, ...patch }
        equal(await store.updateJob(project.id, job.id, patch), expected)
        equal(await store.findJob(project.id, job.id), expected)
      }
    },
  },
  {
    name: 'lists jobs oldest first, by state, of one project or of all',
    async run(store) {
      const [{ project }, other] = [await stored(store), await stored(store)]
      const young = { ...queued(project.id), created_at: 3_000 }
      const old = { ...queued(project.id), created_at: 1_000, state: 'running' } as const
      const done = { ...finished(project.id), created_at: 2_000 }
      const foreign = { ...queued(other.project.id), created_at: 2_500 }
      for (const job of [young, old, done, foreign]) await store.insertJob(job)
      equal(await store.listJobs(project.id, ['queued', 'running']), [old, young])
      equal(await store.listJobs(project.id, ['queued', 'running', 'done', 'failed']), [old, done, young])
      equal(await store.listJobs(project.id, ['failed']), [])
      equal(await store.listJobs(project.id, []), [])
      const all = (await store.listJobs(null, ['queued'])).map(({ id }) => id)
      check(
        all.includes(young.id) && all.includes(foreign.id) && !all.includes(done.id),
        'jobs of all projects',
      )
    },
  },
  {
    name: 'answers undefined or empty for jobs that do not exist, whatever the form of the ids',
    async run(store) {
      for (const unknown of [randomUuid(), '', "'; drop table jobs; --", 'a\0b', '\ud800']) {
        equal(await store.findJob(unknown, unknown), undefined)
        equal(await store.updateJob(unknown, unknown, { state: 'done' }), undefined)
        equal(await store.listJobs(unknown, ['queued']), [])
      }
    },
  },
  {
    name: 'refuses a second job of one id, and holds copies',
    async run(store) {
      const { project } = await stored(store)
      const job = queued(project.id)
      await store.insertJob(job)
      await fails(store.insertJob({ ...job, kind: 'retention' }))
      const found = await store.findJob(project.id, job.id)
      Object.assign(found ?? {}, { state: 'done' })
      Object.assign(found?.counts ?? {}, { events: 99 })
      equal(await store.findJob(project.id, job.id), job)
      equal(await store.findJob(bareProject().id, job.id), undefined)
    },
  },
]

function queued(project_id: string): Job {
  return {
    id: randomUuid(),
    project_id,
    kind: 'forget',
    state: 'queued',
    counts: {},
    created_at: 1_778_958_000_789,
    finished_at: null,
    verified_at: null,
    error: null,
  }
}

function finished(project_id: string): Job {
  return {
    ...queued(project_id),
    kind: 'retention',
    state: 'done',
    counts: { events: 12, sessions: 0 },
    finished_at: 1_778_958_000_999,
    verified_at: 1_778_958_001_001,
    error: 'late',
  }
}
