import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { millimetric as expressMillimetric } from '../src/express.js'
import { millimetric as honoMillimetric } from '../src/hono.js'
import type { Mountable } from '../src/mount.js'
import { toNextHandlers } from '../src/next.js'
import { toNodeHandler } from '../src/node.js'
import { echo, parseEcho } from './echo.js'
import { listen, MOUNTS } from './mounts.js'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function serve(listener: Parameters<typeof listen>[0]): Promise<number> {
  const server = await listen(listener)
  open.push(server)
  return server.port
}

function handler(handle: Mountable['handler']): Mountable {
  return { handler: handle }
}

/** A promise and the function that keeps it. */
function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((keep) => {
    resolve = keep
  })
  return { promise, resolve }
}

/** Sends raw bytes and collects what comes back. */
function raw(port: number, ...parts: (string | Buffer)[]): Promise<{ socket: Socket; seen: () => string }> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part)
      resolve({ socket, seen: () => text })
    })
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
  })
}

async function until(condition: () => boolean, ms = 3000): Promise<void> {
  for (const end = Date.now() + ms; !condition(); await sleep(5)) {
    if (Date.now() > end) throw new Error('waited in vain')
  }
}

/** node:http and Express go through our own bridge; Hono and Next through @hono/node-server. */
const BRIDGED = MOUNTS.filter(
  ({ name }) => name === 'node:http' || name === 'express json()' || name === 'hono route',
)

describe.each(BRIDGED)('$name', (mount) => {
  it('sends a streamed answer as it comes', async () => {
    const more = promised<void>()
    const port = await serve(
      mount.listener(
        handler(async () => {
          const body = new ReadableStream<Uint8Array>({
            async start(controller) {
              controller.enqueue(Buffer.from('first\n'))
              await more.promise
              controller.enqueue(Buffer.from('second\n'))
              controller.close()
            },
          })
          return new Response(body, { headers: { 'content-type': 'text/csv' } })
        }),
      ),
    )
    const response = await fetch(`http://127.0.0.1:${port}${mount.prefix}/v1/export`)
    const reader = response.body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first\n')
    more.resolve()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('second\n')
    expect((await reader?.read())?.done).toBe(true)
  })

  it('stops a streamed answer when the reader goes away, also an idle one', async () => {
    const cancelled = promised<boolean>()
    const port = await serve(
      mount.listener(
        handler(async () => {
          const body = new ReadableStream<Uint8Array>({
            start: (controller) => controller.enqueue(Buffer.from('one\n')),
            cancel: () => cancelled.resolve(true),
          })
          return new Response(body)
        }),
      ),
    )
    const { socket, seen } = await raw(port, `GET ${mount.prefix}/v1/live HTTP/1.1\r\nhost: a\r\n\r\n`)
    await until(() => seen().includes('one'))
    socket.destroy()
    expect(await cancelled.promise).toBe(true)
  })

  it('does not produce faster than the reader takes', async () => {
    let produced = 0
    const chunk = Buffer.alloc(64 * 1024)
    const port = await serve(
      mount.listener(
        handler(async () => {
          const body = new ReadableStream<Uint8Array>({
            pull(controller) {
              produced += chunk.length
              controller.enqueue(chunk)
              if (produced > 256 * 1024 * 1024) controller.close()
            },
          })
          return new Response(body)
        }),
      ),
    )
    const req = httpRequest({ port, host: '127.0.0.1', path: `${mount.prefix}/v1/export`, agent: false })
    const response = promised<IncomingMessage>()
    req.on('response', (res) => response.resolve(res.pause())).on('error', () => {})
    req.end()
    await response.promise
    await sleep(300)
    const before = produced
    await sleep(200)
    expect(produced).toBe(before)
    expect(produced).toBeLessThan(64 * 1024 * 1024)
    req.destroy()
  })

  it('aborts request.signal when the client hangs up before the answer', async () => {
    const aborted = promised<boolean>()
    const arrived = promised<void>()
    const port = await serve(
      mount.listener(
        handler(async (request) => {
          request.signal.addEventListener('abort', () => aborted.resolve(true))
          arrived.resolve()
          await aborted.promise
          return new Response('nobody listens')
        }),
      ),
    )
    const { socket } = await raw(port, `GET ${mount.prefix}/v1/stats HTTP/1.1\r\nhost: a\r\n\r\n`)
    await arrived.promise
    socket.destroy()
    expect(await aborted.promise).toBe(true)
  })

  it('does not abort request.signal after a whole answer', async () => {
    let signal: AbortSignal | undefined
    const port = await serve(
      mount.listener(
        handler(async (request) => {
          signal = request.signal
          return new Response('ok')
        }),
      ),
    )
    await (await fetch(`http://127.0.0.1:${port}${mount.prefix}/`)).text()
    await sleep(20)
    expect(signal?.aborted).toBe(false)
  })

  it('delivers a beacon whose client hung up right after sending it', async () => {
    const read = promised<string>()
    const gone = promised<void>()
    const port = await serve(
      mount.listener(
        handler(async (request) => {
          request.signal.addEventListener('abort', () => gone.resolve())
          // Authentication looks into a database before it reads the body.
          await gone.promise
          read.resolve(await request.text().catch((error: unknown) => `lost: ${String(error)}`))
          return new Response('ok')
        }),
      ),
    )
    const head = `POST ${mount.prefix}/v1/track HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\n`
    const { socket } = await raw(port, `${head}hello`)
    await sleep(50)
    socket.destroy()
    expect(await read.promise).toBe('hello')
  })

  it('survives a body that stalls and then breaks off', async () => {
    const outcome = promised<string>()
    const port = await serve(
      mount.listener(
        handler(async (request) => {
          const text = request.text().catch(() => 'broken off')
          outcome.resolve(await text)
          return new Response('ok')
        }),
      ),
    )
    const head = `POST ${mount.prefix}/v1/track HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\nhalf`
    const { socket } = await raw(port, head)
    await sleep(50)
    socket.destroy()
    expect(await outcome.promise).toBe('broken off')
    expect((await fetch(`http://127.0.0.1:${port}${mount.prefix}/`)).status).toBe(200)
  })
})

describe.each(BRIDGED.filter(({ name }) => !name.startsWith('hono')))('$name', (mount) => {
  it.each(['unread', 'read in part'])(
    'keeps the connection after a refusal with the body %s',
    async (how) => {
      const port = await serve(
        mount.listener(
          handler(async (request) => {
            if (request.method === 'GET') return new Response('second')
            if (how === 'read in part') {
              const reader = request.body?.getReader()
              await reader?.read()
              await reader?.cancel()
            }
            return new Response('no', { status: 413 })
          }),
        ),
      )
      const body = Buffer.alloc(900_000, 120)
      const head = `POST ${mount.prefix}/v1/track HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`
      const { socket, seen } = await raw(port, head, body, `GET ${mount.prefix}/ HTTP/1.1\r\nhost: a\r\n\r\n`)
      await until(() => seen().includes('second'))
      expect(seen()).toContain('413')
      socket.destroy()
    },
  )
})

it('what is no instance is refused when it is mounted, not at each request', () => {
  for (const mount of [toNodeHandler, expressMillimetric, honoMillimetric, toNextHandlers]) {
    // @ts-expect-error JavaScript does not see it.
    expect(() => mount(echo.handler)).toThrow(/^Mount what createAnalytics gave, .*not its handler/)
  }
})

describe('the Node bridge', () => {
  it('answers 500 JSON when the handler throws, and never calls next', async () => {
    const app = express()
    app.use(expressMillimetric(handler(() => Promise.reject(new Error('secret detail')))))
    app.use((_req, res) => {
      res.status(418).end()
    })
    const port = await serve(app)
    const response = await fetch(`http://127.0.0.1:${port}/v1/track`, { method: 'POST', body: 'x' })
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ error: 'internal_error', request_id: expect.any(String) })
    expect(text).not.toContain('secret')
  })

  it('refuses TRACE, which no Web request can carry', async () => {
    const port = await serve(toNodeHandler(echo))
    const { socket, seen } = await raw(port, 'TRACE /v1/track HTTP/1.1\r\nhost: a\r\n\r\n')
    await until(() => seen().includes('method_not_allowed'))
    expect(seen()).toMatch(/^HTTP\/1\.1 405 /)
    socket.destroy()
  })

  it('breaks the connection when a streamed answer fails half-way', async () => {
    const failing = handler(async () => {
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(Buffer.from('one\n'))
          await sleep(20)
          controller.error(new Error('the store went away'))
        },
      })
      return new Response(body)
    })
    const port = await serve(toNodeHandler(failing))
    const response = await fetch(`http://127.0.0.1:${port}/`)
    await expect(response.text()).rejects.toThrow()
  })

  it.each([
    ['no host header of use', 'GET /v1/stats?x=1 HTTP/1.1\r\nhost: a b<>\r\n\r\n', '/v1/stats?x=1'],
    ['a host that holds a path', 'GET /v1/stats HTTP/1.1\r\nhost: a/../b?\r\n\r\n', '/v1/stats'],
    [
      'a path that looks like a host',
      'GET //evil.example/v1/stats HTTP/1.1\r\nhost: a\r\n\r\n',
      '//evil.example/v1/stats',
    ],
    [
      'an absolute target',
      'GET http://evil.example/v1/stats?x=1 HTTP/1.1\r\nhost: a\r\n\r\n',
      '/v1/stats?x=1',
    ],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n', '/'],
  ])('makes a URL out of %s', async (_name, request, path) => {
    const port = await serve(toNodeHandler(echo))
    const { socket, seen } = await raw(port, request)
    await until(() => seen().includes('"sha"'))
    const body = seen().slice(seen().indexOf('{'), seen().lastIndexOf('}') + 1)
    const url = new URL(parseEcho(body).url)
    expect(url.pathname + url.search).toBe(path)
    expect(url.host).not.toContain('evil')
    socket.destroy()
  })

  it('adds to the cookies and Vary of other middleware, and replaces the rest', async () => {
    const app = express()
    app.use((_req, res, next) => {
      res.setHeader('set-cookie', 'session=1')
      res.setHeader('vary', 'Accept-Encoding')
      res.setHeader('content-type', 'text/html')
      next()
    })
    app.use(expressMillimetric(echo))
    const port = await serve(app)
    const response = await fetch(`http://127.0.0.1:${port}/v1/x`)
    expect(response.headers.getSetCookie()).toEqual(['session=1', 'a=1', 'b=2'])
    expect(response.headers.get('vary')).toBe('Accept-Encoding, Origin')
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  it.each([
    [undefined, '127.0.0.1'],
    [1, '203.0.113.7'],
  ])('takes the address from Express when trust proxy is %s', async (hops, ip) => {
    const app = express()
    if (hops !== undefined) app.set('trust proxy', hops)
    app.use(expressMillimetric(echo))
    const port = await serve(app)
    const response = await fetch(`http://127.0.0.1:${port}/v1/x`, {
      headers: { 'x-forwarded-for': '203.0.113.7' },
    })
    expect(parseEcho(await response.text()).ip).toBe(ip)
  })

  it('writes what a parser made of a nested form as a form again, in UTF-8', async () => {
    const app = express()
    app.use(express.urlencoded({ extended: true }))
    app.use(expressMillimetric(echo))
    const port = await serve(app)
    const body = 'a[b]=1&a[c][]=2&a[c][]=3&d=%C3%BC'
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers })
    const fields = [...new URLSearchParams(parseEcho(await response.text()).text)]
    expect(fields).toEqual([
      ['a[b]', '1'],
      ['a[c]', '2'],
      ['a[c]', '3'],
      ['d', 'ü'],
    ])
  })

  it('says UTF-8 where a parser decoded another charset', async () => {
    const app = express()
    app.use(express.text())
    app.use(expressMillimetric(echo))
    const port = await serve(app)
    const headers = { 'content-type': 'text/plain; charset=iso-8859-1' }
    const body = Buffer.from('gr\u00fcn', 'latin1')
    const seen = parseEcho(
      await (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers })).text(),
    )
    expect(seen.text).toBe('grün')
    expect(new Map(seen.headers).get('content-type')).toBe('text/plain; charset=utf-8')
  })
})

describe('Hono', () => {
  it('hands on a body that a middleware read as JSON', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await c.req.json()
      await next()
    })
    app.all('/a/*', honoMillimetric(echo))
    const response = await app.request('/a/v1/track', { method: 'POST', body: '{ "event": "ü" }' })
    const seen = parseEcho(await response.text())
    expect(JSON.parse(seen.text)).toEqual({ event: 'ü' })
    expect(new Map(seen.headers).has('content-length')).toBe(false)
  })

  it('hands on an empty body when a middleware read it past c.req', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await c.req.raw.text()
      await next()
    })
    app.all('/a/*', honoMillimetric(echo))
    expect((await app.request('/a/v1/track', { method: 'POST', body: 'x' })).status).toBe(202)
  })

  it('passes waitUntil where the platform has one, and the given prefix before the derived one', async () => {
    const app = new Hono()
    app.all('/v1/*', honoMillimetric(echo, { basePath: '' }))
    const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} }
    const seen = parseEcho(await (await app.fetch(new Request('http://a/v1/x'), {}, context)).text())
    expect(seen.waitUntil).toBe(true)
    expect(seen.basePath).toBe(null)
    expect(parseEcho(await (await app.request('/v1/x')).text()).waitUntil).toBe(false)
  })
})

describe('Next', () => {
  const call = async (url: string, params: unknown, options = {}): Promise<ReturnType<typeof parseEcho>> => {
    const { GET } = toNextHandlers(echo, options)
    const response = await GET(new Request(url), { params: Promise.resolve(params) })
    return parseEcho(await response.text())
  }

  it.each([
    ['https://a.example/api/analytics/v1/stats?range=7d', { all: ['v1', 'stats'] }, '/api/analytics'],
    ['https://a.example/api/analytics/v1/stats/', { all: ['v1', 'stats'] }, '/api/analytics'],
    ['https://a.example/t/acme/x/healthz', { tenant: 'acme', all: ['healthz'] }, '/t/acme/x'],
    ['https://a.example/api/analytics', {}, '/api/analytics'],
    ['https://a.example/v1/stats', { all: ['v1', 'stats'] }, null],
    ['https://a.example/plain', undefined, '/plain'],
  ])('takes the prefix of %s from the caught segments', async (url, params, prefix) => {
    expect((await call(url, params)).basePath).toBe(prefix)
  })

  it('takes the given prefix and passes after as waitUntil', async () => {
    const seen = await call('https://a.example/x/v1', { all: ['v1'] }, { basePath: '/y', after: () => {} })
    expect(seen).toMatchObject({ basePath: '/y', waitUntil: true, ip: null })
  })
})
