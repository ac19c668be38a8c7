import { createToken } from '../auth/create-token.js'
import { readJson } from './body.js'
import { json } from './respond.js'
import type { Route } from './route.js'

/** Read tokens, for backends that do not run this library. */
export const TOKEN_ROUTES: readonly Route[] = [
  {
    by: 'key',
    method: 'POST',
    path: '/v1/tokens',
    scope: 'read',
    secretOnly: 'key_kind_not_allowed',
    allowQueryKey: false,
    run: async (deps, { request, principal }) =>
      json(await createToken(deps.tokenDeps, principal, await readJson(request, deps)), 201),
  },
]
