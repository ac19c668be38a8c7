import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { toNodeHandler } from '@millimetric/adapters/node'
import type { Analytics } from '@millimetric/core'
import { errorResponseSchema } from '@millimetric/schema'
import { expect } from 'vitest'

export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into by tests.
  body: any
}

export interface Asked {
  key?: string | undefined
  origin?: string | undefined
  body?: unknown
  headers?: Record<string, string>
  /** The body goes on, and nothing of the rest comes. */
  stalls?: boolean
}

export interface TestServer {
  readonly url: string
  ask(method: string, path: string, asked?: Asked): Promise<Answer>
  close(): Promise<void>
}

/** Serves on a real socket; every error answer must have the documented form. */
export async function serve(analytics: Pick<Analytics, 'handler'>): Promise<TestServer> {
  const server = createServer(toNodeHandler(analytics))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  return {
    url,
    async ask(method, path, { key, origin, body, headers = {}, stalls = false } = {}) {
      const sent = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
      const answer = await raw(url + path, method, sent, stalls, {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(origin === undefined ? {} : { origin }),
        ...headers,
      })
      if (answer.status >= 400 && answer.text !== '') errorResponseSchema.parse(answer.body)
      if (answer.status === 429 || answer.status === 503) {
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      }
      return answer
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** `fetch` would not send an Origin of ours. */
function raw(
  url: string,
  method: string,
  body: string | undefined,
  stalls: boolean,
  headers: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.byteLength(body ?? '') + (stalls ? 1 : 0)
    const length = body === undefined && !stalls ? {} : { 'content-length': String(bytes) }
    const sent = httpRequest(url, { method, headers: { ...length, ...headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => {
        const json = response.headers['content-type']?.startsWith('application/json') === true
        resolve({
          status: response.statusCode ?? 0,
          headers: new Headers(
            Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]),
          ),
          text,
          body: json && text !== '' ? JSON.parse(text) : undefined,
        })
      })
    })
    sent.on('error', reject)
    if (stalls) sent.write(body ?? '')
    else sent.end(body)
  })
}
