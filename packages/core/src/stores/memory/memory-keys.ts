import { randomHex } from '#crypto'
import { namePeppers, requirePepper } from '../../crypto/pepper.js'
import { AnalyticsError } from '../../errors.js'
import type { Job, KeyRecord, KeyStore, Pepper, Project, Salt, UsageRow } from '../../ports/key-store.js'

/**
 * Projects and keys in memory: for tests and trials, gone with the process. Without `pepper` (at least 16
 * characters) a random one is used. Throws `invalid_options` for a shorter one.
 */
export function memoryKeys(options: { pepper?: string | undefined } = {}): KeyStore {
  const pepperValues = requirePepper(options.pepper ?? randomHex(32))
  const projects = new Map<string, Project>()
  const keys = new Map<string, KeyRecord>()
  const salts = new Map<string, Salt>()
  const writes = new Set<string>()
  const meter = new Map<string, UsageRow>()
  const jobs = new Map<string, Job>()
  let peppers: Promise<readonly [Pepper, ...Pepper[]]> | undefined

  function requireFreeSlug(slug: string, except?: string): void {
    for (const project of projects.values()) {
      if (project.slug === slug && project.id !== except) {
        throw new AnalyticsError('slug_taken', `The slug "${slug}" is taken.`)
      }
    }
  }

  function requireUnused(record: KeyRecord): void {
    for (const key of keys.values()) {
      if (key.id === record.id || key.prefix === record.prefix) throw new Error('The key is already stored.')
    }
  }

  return {
    name: 'memory',
    async peppers() {
      peppers ??= namePeppers(pepperValues)
      return peppers
    },
    async insertProject(project, first = []) {
      requireFreeSlug(project.slug)
      first.forEach(requireUnused)
      projects.set(project.id, copy(project))
      for (const key of first) keys.set(key.id, copy(key))
    },
    async findProject(idOrSlug) {
      const byId = projects.get(idOrSlug)
      return copy(byId ?? [...projects.values()].find(({ slug }) => slug === idOrSlug))
    },
    async listProjects({ owner } = {}) {
      const all = [...projects.values()].filter((project) => owner === undefined || project.owner === owner)
      return copy(all.sort((a, b) => order(a.slug, b.slug)))
    },
    async updateProject(id, patch) {
      const project = projects.get(id)
      if (project === undefined) return undefined
      if (patch.slug !== undefined) requireFreeSlug(patch.slug, id)
      projects.set(id, copy({ ...project, ...patch }))
      return copy(projects.get(id))
    },
    async insertKey(key) {
      requireUnused(key)
      keys.set(key.id, copy(key))
    },
    async findKey(prefix) {
      const key = [...keys.values()].find((candidate) => candidate.prefix === prefix)
      if (key === undefined) return undefined
      return copy({ key, project: key.project_id === null ? undefined : projects.get(key.project_id) })
    },
    async findKeys(prefixes) {
      const wanted = [...keys.values()].filter(({ prefix }) => prefixes.includes(prefix))
      return copy(
        wanted.map((key) => ({
          key,
          project: key.project_id === null ? undefined : projects.get(key.project_id),
        })),
      )
    },
    async listKeys(projectId) {
      const own = [...keys.values()].filter(({ project_id }) => project_id === projectId)
      return copy(own.sort((a, b) => a.created_at - b.created_at || order(a.id, b.id)))
    },
    async revokeKey(projectId, keyId, revokedAt) {
      const key = keys.get(keyId)
      if (key === undefined || key.project_id !== projectId) return false
      keys.set(keyId, { ...key, revoked_at: key.revoked_at ?? revokedAt })
      return true
    },
    async rotateKey(keyId, expiresAt, next) {
      const key = keys.get(keyId)
      if (key === undefined || key.project_id !== next.project_id || key.owner !== next.owner) return false
      if (
        key.revoked_at !== null ||
        key.replaced_by !== null ||
        (key.expires_at ?? Number.POSITIVE_INFINITY) <= next.created_at
      )
        return false
      requireUnused(next)
      keys.set(next.id, copy(next))
      const ends = Math.min(key.expires_at ?? expiresAt, expiresAt)
      keys.set(keyId, { ...key, expires_at: ends, replaced_by: next.id })
      return true
    },
    async listAccountKeys(owner) {
      const own = [...keys.values()].filter((key) => key.project_id === null && key.owner === owner)
      return copy(own.sort((a, b) => a.created_at - b.created_at || order(a.id, b.id)))
    },
    async revokeAccountKey(owner, keyId, revokedAt) {
      const key = keys.get(keyId)
      if (key === undefined || key.project_id !== null || key.owner !== owner) return false
      keys.set(keyId, { ...key, revoked_at: key.revoked_at ?? revokedAt })
      return true
    },
    async touchKeys(used) {
      for (const { id, last_used_at } of used) {
        const key = keys.get(id)
        if (key === undefined) continue
        keys.set(id, { ...key, last_used_at: Math.max(key.last_used_at ?? last_used_at, last_used_at) })
      }
    },
    async addUsage(write, rows) {
      if (writes.has(write)) return
      writes.add(write)
      for (const { project_id, month, events } of rows) {
        const name = `${project_id}/${month}`
        meter.set(name, { project_id, month, events: (meter.get(name)?.events ?? 0) + events })
      }
    },
    async setUsage(row) {
      meter.set(`${row.project_id}/${row.month}`, copy(row))
    },
    async usage(projectIds) {
      const own = [...meter.values()].filter(({ project_id }) => projectIds.includes(project_id))
      return copy(own.sort((a, b) => order(a.project_id, b.project_id) || order(a.month, b.month)))
    },
    async claimSalt(candidate) {
      const salt = salts.get(candidate.day) ?? copy(candidate)
      salts.set(salt.day, salt)
      return copy(salt)
    },
    async deleteSaltsBefore(day) {
      const old = [...salts.keys()].filter((candidate) => candidate < day)
      for (const each of old) salts.delete(each)
      return old.length
    },
    async insertJob(job) {
      if (jobs.has(job.id)) throw new Error('The job is already stored.')
      jobs.set(job.id, copy(job))
    },
    async findJob(projectId, jobId) {
      const job = jobs.get(jobId)
      return job?.project_id === projectId ? copy(job) : undefined
    },
    async updateJob(projectId, jobId, patch) {
      const job = jobs.get(jobId)
      if (job?.project_id !== projectId) return undefined
      jobs.set(jobId, copy({ ...job, ...patch }))
      return copy(jobs.get(jobId))
    },
    async listJobs(projectId, states) {
      const wanted = [...jobs.values()].filter(
        ({ project_id, state }) => (projectId === null || project_id === projectId) && states.includes(state),
      )
      return copy(wanted.sort((a, b) => a.created_at - b.created_at || order(a.id, b.id)))
    },
    async close() {},
  }
}

/** Neither side may change what the other holds. */
function copy<T>(value: T): T {
  return structuredClone(value)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
