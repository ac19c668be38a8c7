import { request as httpRequest } from 'node:http'
import {
  type Analytics,
  type AnalyticsOptions,
  createAnalytics,
  type Diagnostic,
  type Project,
} from '@millimetric/core'
import { type McpOptions, mcp } from '@millimetric/core/mcp'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { serve } from '../control/server.js'

export const OWNER = 'owner-1'
export const ORIGIN = 'https://shop.test'

export interface McpBench {
  analytics: Analytics
  url: string
  project: Project
  keys: { pk: string; sk: string; rk: string; ak: string }
  diagnostics: Diagnostic[]
  /** Any request to the endpoint, header for header. */
  send(asked: Sent): Promise<Heard>
  /** One JSON-RPC request; throws unless it is answered 200. */
  rpc(key: string, method: string, params?: object, path?: string): Promise<RpcAnswer>
  /** One tool; throws unless it has a result. */
  tool(key: string, name: string, args?: object, path?: string): Promise<Result>
  close(): Promise<void>
}

export interface Sent {
  key?: string | undefined
  path?: string
  method?: string
  headers?: Readonly<Record<string, string>>
  body?: string | object
}

export interface Heard {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into by tests.
  body: any
}

export interface Result {
  content: { type: string; text: string }[]
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into by tests.
  structuredContent?: any
  isError?: boolean
}

export interface RpcAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: results of many methods, looked into by tests.
  result?: any
  error?: { code: number; message: string; data?: Record<string, unknown> }
}

/** A server on a real socket, with one project of one owner. */
export async function openBench(
  options: Partial<AnalyticsOptions> = {},
  mcpOptions: McpOptions = {},
): Promise<McpBench> {
  const diagnostics: Diagnostic[] = []
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    extensions: [mcp(mcpOptions)],
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    ...options,
  })
  const { project, keys } = await analytics.projects.create({
    slug: 'shop',
    owner: OWNER,
    allowed_origins: [ORIGIN],
  })
  const { secret: ak } = await analytics.keys.account.create({ owner: OWNER })
  const server = await serve(analytics)

  async function send({ key, path = '/mcp', method = 'POST', headers = {}, body }: Sent): Promise<Heard> {
    return await exchange(server.url + path, method, body, {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    })
  }

  async function rpc(key: string, method: string, params?: object, path?: string): Promise<RpcAnswer> {
    const message = { jsonrpc: '2.0', id: 1, method, ...(params === undefined ? {} : { params }) }
    const { status, body, text } = await send({ key, body: message, ...(path === undefined ? {} : { path }) })
    if (status !== 200) throw new Error(`${method}: ${status} ${text}`)
    return body
  }

  return {
    analytics,
    url: server.url,
    project,
    keys: { ...keys, ak },
    diagnostics,
    send,
    rpc,
    async tool(key, name, args = {}, path) {
      const { result, error } = await rpc(key, 'tools/call', { name, arguments: args }, path)
      if (result === undefined) throw new Error(`${name}: ${JSON.stringify(error)}`)
      return result
    },
    async close() {
      await server.close()
      await analytics.close()
    },
  }
}

/** What a tool says it was asked wrongly. */
export function mistakeOf(result: Result): {
  error: string
  message: string
  details?: Record<string, unknown>
} {
  if (result.isError !== true) throw new Error(`no mistake: ${JSON.stringify(result)}`)
  return JSON.parse(result.content[0]?.text ?? '')
}

/** `fetch` sets Host and Origin itself. */
function exchange(
  url: string,
  method: string,
  body: string | object | undefined,
  headers: Record<string, string>,
): Promise<Heard> {
  const sent = typeof body === 'object' ? JSON.stringify(body) : body
  return new Promise((resolve, reject) => {
    const length = sent === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent)) }
    const asking = httpRequest(url, { method, headers: { ...length, ...headers } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => {
        const json = answer.headers['content-type']?.startsWith('application/json') === true
        const entries = Object.entries(answer.headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ])
        resolve({
          status: answer.statusCode ?? 0,
          headers: new Headers(entries),
          text,
          body: json && text !== '' ? JSON.parse(text) : undefined,
        })
      })
    })
    // A server that refuses a large body hangs up on the rest of it.
    asking.on('error', reject)
    asking.end(sent)
  })
}
