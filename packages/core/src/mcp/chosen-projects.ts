import type { JsonSchema } from '@millimetric/schema'
import { invalidField } from '../auth/input-field.js'
import type { AccountPrincipal } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { Project } from '../ports/key-store.js'
import { listProjects } from '../projects/manage-projects.js'
import type { Answer } from './clean.js'
import { rpcError } from './rpc-error.js'
import type { Asking } from './tool.js'

const MOST_PROJECTS = 100
const AT_ONCE = 4

/** How tools of an account say which projects they ask about. */
export const SELECTORS: Readonly<Record<string, JsonSchema>> = {
  project_id: { type: 'string', description: 'One project; all visible ones when none is named.' },
  project_slug: { type: 'string', description: 'One project by its slug, instead of project_id.' },
  project_ids: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    maxItems: MOST_PROJECTS,
    description: 'Several projects, instead of project_id.',
  },
}

/** Every project of the account, by slug. Throws `insufficient_scope` and `no_projects_visible`. */
export async function visibleProjects({ deps, principal }: Asking<AccountPrincipal>): Promise<Project[]> {
  requireAccountScope(principal)
  const projects = await listProjects(deps.control, principal)
  if (projects.length === 0) throw rpcError('no_projects_visible', 'This account has no project yet.')
  return projects
}

/**
 * The projects that arguments name, and the other arguments. Another account's project is as unknown as one that does
 * not exist.
 */
export async function chooseProjects(
  asking: Asking<AccountPrincipal>,
  args: Answer,
): Promise<{ projects: Project[]; rest: Answer }> {
  const { project_id, project_slug, project_ids, ...rest } = args
  const named = [project_id, project_slug, project_ids].filter((given) => given !== undefined)
  if (named.length > 1) {
    throw invalidField('project_id', 'send one of project_id, project_slug and project_ids.')
  }
  const visible = await visibleProjects(asking)
  const [wanted] = named
  if (wanted === undefined) {
    if (visible.length <= MOST_PROJECTS) return { projects: visible, rest }
    throw invalidField(
      'project_ids',
      `this account has ${visible.length} projects, and one call asks at most ${MOST_PROJECTS}: name some.`,
    )
  }
  const list: readonly unknown[] = Array.isArray(project_ids) ? [...new Set(project_ids)] : [wanted]
  if (project_ids !== undefined && !Array.isArray(project_ids)) {
    throw invalidField('project_ids', 'takes a list of ids.')
  }
  if (list.length === 0 || list.length > MOST_PROJECTS) {
    throw invalidField('project_ids', `takes 1 to ${MOST_PROJECTS} ids.`)
  }
  const by = project_slug === undefined ? 'id' : 'slug'
  const projects = list.map((name) => {
    const found = visible.find((project) => project[by] === name)
    if (found !== undefined) return found
    throw rpcError(
      by === 'id' ? 'unknown_project_id' : 'unknown_project_slug',
      'There is no such project; list_projects names those there are.',
    )
  })
  return { projects, rest }
}

/** Throws `insufficient_scope` unless the account key may read. */
function requireAccountScope({ scopes }: AccountPrincipal): void {
  if (scopes.includes('read')) return
  throw new AnalyticsError('insufficient_scope', 'This account key may not read.', {
    details: { needs: 'read', has: scopes },
  })
}

/** The same of each project, a few at a time, in their order. */
export async function ofEach<T>(
  projects: readonly Project[],
  ask: (project: Project) => Promise<T>,
): Promise<T[]> {
  const found: T[] = []
  const left = projects.entries()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [at, project] of left) found[at] = await ask(project)
    }),
  )
  return found
}
