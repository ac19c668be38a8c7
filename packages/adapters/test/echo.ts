import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { HandlerContext, Mountable } from '../src/mount.js'

/** What the echo saw of a request. */
export interface Echo {
  method: string
  url: string
  basePath: string | null
  ip: string | null
  waitUntil: boolean
  headers: [string, string][]
  /** The body as it came. */
  bytes: number
  /** The body after its content-encoding was taken off. */
  text: string
  sha: string
}

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** A handler that tells what reached it. */
export const echo: Mountable = {
  async handler(request: Request, context: HandlerContext = {}): Promise<Response> {
    const bytes = new Uint8Array(await request.arrayBuffer())
    const plain = request.headers.get('content-encoding') === 'gzip' ? gunzipSync(bytes) : bytes
    const seen: Echo = {
      method: request.method,
      url: request.url,
      basePath: context.basePath ?? null,
      ip: context.ip ?? null,
      waitUntil: context.waitUntil !== undefined,
      headers: [...request.headers],
      bytes: bytes.length,
      text: Buffer.from(plain).toString('utf8'),
      sha: sha256(plain),
    }
    const headers = new Headers({
      'content-type': 'application/json',
      'x-method': request.method,
      vary: 'Origin',
    })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    return new Response(request.method === 'HEAD' ? null : JSON.stringify(seen), { status: 202, headers })
  },
}

/** Only for tests: takes the echo's answer apart. */
export function parseEcho(text: string): Echo {
  const value: Echo = JSON.parse(text)
  return value
}
