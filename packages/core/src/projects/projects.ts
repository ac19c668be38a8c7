import { randomUuid } from '#crypto'
import { createLookupCache } from '../auth/lookup-cache.js'
import type { KeyManager } from '../auth/manage-keys.js'
import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError } from '../errors.js'
import type { KeyStore, Project } from '../ports/key-store.js'
import { type CreateProject, newProjectFields, projectPatch, type UpdateProject } from './project-input.js'

export interface Projects {
  /**
   * Makes a project with its three keys, shown this once. Errors: `invalid_params` naming the field,
   * `slug_taken`. Either the project and all three keys are stored or nothing is.
   */
  create(input: CreateProject): Promise<{ project: Project; keys: { pk: string; sk: string; rk: string } }>
  /**
   * By UUID or slug; undefined when there is none. Answers may be 10 seconds old, and up to an hour old while
   * the key store is away.
   */
  find(idOrSlug: string): Promise<Project | undefined>
  /** By slug ascending; with `owner`, only that owner's. */
  list(options?: { owner?: string }): Promise<Project[]>
  /** The project after the change. Errors: `invalid_params` naming the field, `slug_taken`, `unknown_project`. */
  update(id: string, patch: UpdateProject): Promise<Project>
  /** Forgets cached copies: of one project, or of all. */
  forget(id?: string): void
}

const FIND_TTL_MS = 10_000
// The first question of a start may wait for tables to be made.
const OPENING_MS = 60_000
const CACHED_PROJECTS = 1_000

export function createProjects(options: {
  keys: KeyStore
  keyManager: KeyManager
  /** Now, in epoch milliseconds. */
  clock: () => number
  /** Called with the id of a new or changed project, for whoever keeps copies of it. */
  onChange?: ((projectId: string) => void) | undefined
  onDiagnostic?: OnDiagnostic | undefined
}): Projects {
  const { keys, keyManager, clock, onChange, onDiagnostic } = options
  async function load(names: readonly string[]): Promise<ReadonlyMap<string, Project>> {
    const found = new Map<string, Project>()
    for (const name of names) {
      const project = await keys.findProject(name)
      if (project !== undefined) found.set(name, project)
    }
    return found
  }

  const cache = createLookupCache<Project>({
    load,
    clock,
    ttlMs: FIND_TTL_MS,
    size: CACHED_PROJECTS,
    pauseMs: 0,
    openingMs: Math.max(keys.openingMs ?? 0, OPENING_MS),
    onFailure(error) {
      onDiagnostic?.({ kind: 'key_store_failed', level: 'error', operation: 'findProject', error })
    },
  })

  return {
    async create(input) {
      const project: Project = { ...newProjectFields(input), id: randomUuid(), created_at: clock() }
      const [pk, sk, rk] = await Promise.all([
        keyManager.prepare({ project_id: project.id, kind: 'pk', name: 'public' }),
        keyManager.prepare({ project_id: project.id, kind: 'sk', name: 'secret' }),
        keyManager.prepare({ project_id: project.id, kind: 'rk', name: 'read' }),
      ])
      await keys.insertProject(project, [pk.record, sk.record, rk.record])
      onChange?.(project.id)
      return { project, keys: { pk: pk.secret, sk: sk.secret, rk: rk.secret } }
    },
    async find(idOrSlug) {
      return cache.find(idOrSlug)
    },
    async list(filter) {
      return [...(await keys.listProjects(filter))]
    },
    forget(id) {
      cache.forgetWhere((cached) => id === undefined || cached.id === id)
    },
    async update(id, input) {
      const patch = projectPatch(input)
      const project = await keys.updateProject(id, patch)
      if (project === undefined) throw new AnalyticsError('unknown_project', 'There is no such project.')
      cache.forgetWhere((cached) => cached.id === id)
      onChange?.(id)
      return project
    },
  }
}
