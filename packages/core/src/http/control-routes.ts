import type { CreateAccountKey } from '../auth/account-keys.js'
import { invalidField, knownFields } from '../auth/input-field.js'
import type { RotateKey } from '../auth/key-rotation.js'
import type { CreateKey } from '../auth/manage-keys.js'
import type { UserPrincipal } from '../auth/session.js'
import { AnalyticsError, isAnalyticsError } from '../errors.js'
import { createProject, findProject, listProjects, updateProject } from '../projects/manage-projects.js'
import type { CreateProject, UpdateProject } from '../projects/project-input.js'
import { readUsages } from '../projects/usage.js'
import { readJson } from './body.js'
import { json } from './respond.js'
import type { Method, Route, RouteDeps, UserCall, UserRoute } from './route.js'

type Signed = UserCall & { caller: UserPrincipal }

/** A route for signed-in users only. */
function signed(
  method: Method,
  path: string,
  run: (deps: RouteDeps, call: Signed) => Promise<Response>,
): UserRoute {
  return {
    by: 'user',
    method,
    path,
    keys: 'none',
    async run(deps, call) {
      const { caller } = call
      if (caller.kind !== 'user') throw new AnalyticsError('invalid_session', 'Sign in first.')
      return await run(deps, { ...call, caller })
    },
  }
}

/** Projects, keys and usage, for users of the host; reading also for account keys. */
export const CONTROL_ROUTES: readonly Route[] = [
  {
    by: 'user',
    method: 'GET',
    path: '/v1/projects',
    keys: 'account',
    run: async ({ control }, { caller }) => json({ projects: await listProjects(control, caller) }, 200),
  },
  signed('POST', '/v1/projects', async (deps, call) =>
    json(await createProject(deps.control, call.caller, await body<CreateProject>(deps, call)), 201),
  ),
  {
    by: 'user',
    method: 'GET',
    path: '/v1/projects/:id',
    keys: 'account',
    run: async ({ control }, { caller, params }) =>
      json({ project: await findProject(control, caller, params.id ?? '') }, 200),
  },
  signed('POST', '/v1/projects/:id', async (deps, call) => {
    const input = await body<UpdateProject>(deps, call)
    return json({ project: await updateProject(deps.control, call.caller, call.params.id ?? '', input) }, 200)
  }),
  signed('GET', '/v1/projects/:id/keys', async ({ control }, { caller, params }) => {
    const { id } = await findProject(control, caller, params.id ?? '')
    return json({ keys: await control.keyManager.list(id) }, 200)
  }),
  signed('POST', '/v1/projects/:id/keys', async (deps, call) => {
    const { id } = await findProject(deps.control, call.caller, call.params.id ?? '')
    const input = await body<Omit<CreateKey, 'project_id'>>(deps, call)
    // The path says which project; a body that says another one must not look like a success.
    knownFields(input, ['kind', 'env', 'scopes', 'name', 'expires_at'])
    return json(await deps.control.keyManager.create({ ...input, project_id: id }), 201)
  }),
  signed('POST', '/v1/projects/:id/keys/:key/rotate', async (deps, call) => {
    const { id } = await findProject(deps.control, call.caller, call.params.id ?? '')
    const input = await optionalBody<RotateKey>(deps, call)
    return json(await deps.control.keyManager.rotate(id, call.params.key ?? '', input), 201)
  }),
  signed('DELETE', '/v1/projects/:id/keys/:key', async ({ control }, { caller, params }) => {
    const { id } = await findProject(control, caller, params.id ?? '')
    return json({ key: await control.keyManager.revoke(id, params.key ?? '') }, 200)
  }),
  signed('GET', '/v1/account/keys', async ({ control }, { caller }) =>
    json({ keys: await control.accountKeys.list(caller.id) }, 200),
  ),
  signed('POST', '/v1/account/keys', async (deps, call) => {
    const input = await optionalBody<Omit<CreateAccountKey, 'owner'>>(deps, call)
    knownFields(input, ['env', 'name', 'expires_at'])
    return json(await deps.control.accountKeys.create({ ...input, owner: call.caller.id }), 201)
  }),
  signed('POST', '/v1/account/keys/:key/rotate', async (deps, call) => {
    const input = await optionalBody<RotateKey>(deps, call)
    return json(await deps.control.accountKeys.rotate(call.caller.id, call.params.key ?? '', input), 201)
  }),
  signed('DELETE', '/v1/account/keys/:key', async ({ control }, { caller, params }) =>
    json({ key: await control.accountKeys.revoke(caller.id, params.key ?? '') }, 200),
  ),
  { by: 'user', method: 'GET', path: '/v1/usage', keys: 'read', run: usage },
]

async function usage({ control }: RouteDeps, { caller, project }: UserCall): Promise<Response> {
  const projects =
    project === undefined
      ? await listProjects(control, caller)
      : [await findProject(control, caller, project)]
  return json({ usage: await readUsages(control, projects) }, 200)
}

/** An object of any content: each use case checks every field itself. */
async function body<T extends object>(deps: RouteDeps, { request }: UserCall): Promise<T> {
  const read = await readJson(request, deps)
  if (!isObject<T>(read)) throw invalidField('input', 'must be an object.')
  return read
}

/** For routes whose fields all have defaults. */
async function optionalBody<T extends object>(deps: RouteDeps, call: UserCall): Promise<T> {
  const read = await readJson(call.request, deps).catch((error: unknown) => {
    if (isAnalyticsError(error) && error.details?.reason === 'empty_body') return {}
    throw error
  })
  if (!isObject<T>(read)) throw invalidField('input', 'must be an object.')
  return read
}

function isObject<T extends object>(value: unknown): value is T {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
