import { matcherOf, type OriginMatcher } from '../auth/origin.js'
import type { AccountPrincipal, KeyPrincipal } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { Extension, ExtensionCall, ExtensionDeps, ExtensionRoute } from '../extension.js'
import { grantOrigin } from '../http/cors.js'
import { requireOptionNames } from '../option-names.js'
import { listProjects } from '../projects/manage-projects.js'
import { accountDoor } from './account-door.js'
import { readMessage } from './message.js'
import { projectDoor } from './project-door.js'
import { createServer, loadSdk } from './server.js'
import type { Asking, Door } from './tool.js'

export interface McpOptions {
  /**
   * Host names, without ports, that requests may be for; others are answered 403 `host_not_allowed`. By default any: a
   * request needs a key, and one of a browser an origin that the project allows.
   */
  readonly allowedHosts?: readonly string[] | undefined
}

/**
 * The MCP endpoint, for `createAnalytics({ extensions: [mcp()] })`: `POST /mcp` for keys that are not public and read
 * tokens, `POST /mcp/account` for account keys. Needs `@modelcontextprotocol/server`, which the first request loads.
 * Throws `invalid_options`.
 */
export function mcp(options: McpOptions = {}): Extension {
  requireOptionNames<McpOptions>('mcp', options, { allowedHosts: true })
  const hosts = options.allowedHosts?.map(hostName)
  const atProject = once(projectDoor)
  const atAccount = once(accountDoor)
  const route = (path: string, answer: ExtensionRoute['answer']): ExtensionRoute => ({
    method: 'POST',
    path,
    requestHeaders: ['Mcp-Protocol-Version', 'Mcp-Method', 'Mcp-Name'],
    async answer(deps, call) {
      requireHost(call, hosts)
      return await answer(deps, call)
    },
  })
  return {
    name: 'mcp',
    routes: [
      route('/mcp', async (deps, call) => {
        const principal = await deps.authenticator.authenticate(call.request, {
          kinds: ['sk', 'rk', 'rt'],
          allowQueryKey: false,
          allowToken: true,
        })
        const matches = matcherOf(principal.project.allowed_origins)
        return await answerFrom(matches, atProject(), { deps, call, principal })
      }),
      route('/mcp/account', async (deps, call) => {
        const principal = await deps.authenticator.authenticateAccount(call.request, 'account_key_required')
        return await answerFrom(await accountOrigins(deps, call, principal), atAccount(), {
          deps,
          call,
          principal,
        })
      }),
    ],
  }
}

/** Pages that any project of the account allows. */
async function accountOrigins(
  { control }: ExtensionDeps,
  { request }: ExtensionCall,
  principal: AccountPrincipal,
): Promise<OriginMatcher> {
  const projects = request.headers.has('origin') ? await listProjects(control, principal) : []
  return matcherOf(projects.flatMap(({ allowed_origins }) => allowed_origins))
}

async function answerFrom<P extends KeyPrincipal | AccountPrincipal>(
  matches: OriginMatcher,
  door: Door<P>,
  asking: Asking<P>,
): Promise<Response> {
  const { request } = asking.call
  const origin = request.headers.get('origin')
  // A page that reached this server under a name of its own says so here: the name of no project's page.
  if (origin !== null && !matches(origin)) {
    throw new AnalyticsError(
      'origin_not_allowed',
      "The Origin of this request is not on the project's allowed_origins.",
    )
  }
  const answer = await answerMessage(door, asking)
  answer.headers.set('cache-control', 'no-store')
  grantOrigin(answer.headers, origin, matches)
  return answer
}

async function answerMessage<P extends KeyPrincipal | AccountPrincipal>(
  door: Door<P>,
  asking: Asking<P>,
): Promise<Response> {
  const { request } = asking.call
  const sdk = await loadSdk()
  const read = await readMessage(request, asking.deps)
  if (read instanceof Response) return read
  const parsedBody = read.message
  const inner = new Request(request.url, { method: 'POST', headers: innerHeaders(request.headers) })
  if (!(await sdk.isLegacyRequest(inner, parsedBody))) {
    const handler = sdk.createMcpHandler(() => createServer(sdk, door, asking), { legacy: 'reject' })
    return await handler.fetch(inner, { parsedBody })
  }
  const server = createServer(sdk, door, asking)
  const transport = new sdk.WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  try {
    return await transport.handleRequest(inner, { parsedBody })
  } finally {
    await server.close()
  }
}

const PASSED = ['mcp-protocol-version', 'mcp-method', 'mcp-name']
const ANY_JSON = /application\/(?:json|\*)|\*\/\*/

/** What the protocol looks at, and no key. Whoever takes JSON gets it, though the protocol wants them to take streams too. */
function innerHeaders(headers: Headers): Headers {
  const accept = headers.get('accept') ?? '*/*'
  const inner = new Headers({
    'content-type': 'application/json',
    accept: ANY_JSON.test(accept) ? 'application/json, text/event-stream' : accept,
  })
  for (const name of PASSED) {
    const value = headers.get(name)
    if (value !== null) inner.set(name, value)
  }
  return inner
}

function hostName(text: string): string {
  const parsed = hostOf(text)
  if (parsed !== undefined && parsed === text.toLowerCase()) return parsed
  throw new AnalyticsError(
    'invalid_options',
    `mcp: allowedHosts takes host names without port or scheme, for example "analytics.example.com"; got "${text}".`,
  )
}

function hostOf(header: string): string | undefined {
  try {
    return new URL(`http://${header}`).hostname
  } catch {
    return undefined
  }
}

function requireHost({ request, url }: ExtensionCall, hosts: readonly string[] | undefined): void {
  if (hosts === undefined) return
  const host = hostOf(request.headers.get('host') ?? url.host)
  if (host !== undefined && hosts.includes(host)) return
  throw new AnalyticsError(
    'host_not_allowed',
    'This server is not reached under that Host; see mcp({ allowedHosts }).',
  )
}

/** Made by the first who needs it: schemas are much work, and the same for all. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
