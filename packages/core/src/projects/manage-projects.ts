import { knownFields } from '../auth/input-field.js'
import type { KeyManager } from '../auth/manage-keys.js'
import type { AccountPrincipal, KeyPrincipal } from '../auth/principal.js'
import type { UserPrincipal } from '../auth/session.js'
import { AnalyticsError } from '../errors.js'
import type { Project } from '../ports/key-store.js'
import type { CreateProject, UpdateProject } from './project-input.js'
import type { Projects } from './projects.js'

/** Who may ask about projects: a user, an account key, or (about its own project) a key. */
export type Caller = UserPrincipal | AccountPrincipal | KeyPrincipal

export interface ManageDeps {
  projects: Projects
  keyManager: KeyManager
}

// Plans are what is paid for, and owners are who pays: only admins and in-process code set them.
const USER_FIELDS = ['slug', 'name', 'allowed_origins', 'retention_days', 'timezone']
const ADMIN_FIELDS = [...USER_FIELDS, 'plan']

/** The projects that a caller may see, by slug ascending. */
export async function listProjects({ projects }: ManageDeps, caller: Caller): Promise<Project[]> {
  if (caller.kind === 'key') return [caller.project]
  if (caller.kind === 'account') return await projects.list({ owner: caller.owner })
  return await projects.list(caller.admin ? {} : { owner: caller.id })
}

/** By UUID or slug. `unknown_project` for somebody else's as for none. */
export async function findProject(deps: ManageDeps, caller: Caller, idOrSlug: string): Promise<Project> {
  const project = await deps.projects.find(idOrSlug)
  if (project !== undefined && maySee(caller, project)) return project
  throw new AnalyticsError('unknown_project', 'There is no such project.')
}

function maySee(caller: Caller, { id, owner }: Project): boolean {
  if (caller.kind === 'key') return caller.project.id === id
  if (caller.kind === 'account') return owner === caller.owner
  return caller.admin || owner === caller.id
}

/** Makes a project of the user; admins may name another owner and a plan. */
export async function createProject(
  { projects }: ManageDeps,
  user: UserPrincipal,
  input: CreateProject,
): Promise<Awaited<ReturnType<Projects['create']>>> {
  knownFields(input, user.admin ? [...ADMIN_FIELDS, 'owner'] : USER_FIELDS)
  return await projects.create({
    ...input,
    owner: user.admin && input.owner !== undefined ? input.owner : user.id,
  })
}

/** Changes a project that the user may see; only admins change the plan. */
export async function updateProject(
  deps: ManageDeps,
  user: UserPrincipal,
  idOrSlug: string,
  input: UpdateProject,
): Promise<Project> {
  const { id } = await findProject(deps, user, idOrSlug)
  knownFields(input, user.admin ? ADMIN_FIELDS : USER_FIELDS)
  return await deps.projects.update(id, input)
}
