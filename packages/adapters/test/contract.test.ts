import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echo, parseEcho, sha256 } from './echo.js'
import { listen, MOUNTS } from './mounts.js'

const EVENT = JSON.stringify({
  event: 'signup',
  properties: { plan: 'größer', emoji: '👋🏽', n: [1, 2.5, null] },
})
const BIG = JSON.stringify({
  events: Array.from({ length: 100 }, (_, i) => ({ event: `e${i}`, pad: 'x'.repeat(10_450) })),
})
const BINARY = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7) % 256))
const FORM = 'event=sign+up&tag=a&tag=b&empty=&%C3%BC=%26%3D'

interface Case {
  name: string
  method: string
  path: string
  headers: OutgoingHttpHeaders
  body?: Buffer | string
  /** What the handler must read, when it is not the body itself. */
  plain?: Buffer | string
}

const json = { 'content-type': 'application/json' }
const beacon = { 'content-type': 'text/plain;charset=UTF-8' }

const CASES: readonly Case[] = [
  { name: 'GET with a query', method: 'GET', path: '/v1/stats?range=7d&a=%2F&a=2', headers: {} },
  { name: 'GET of the prefix itself', method: 'GET', path: '?x=1', headers: {} },
  { name: 'JSON', method: 'POST', path: '/v1/track', headers: json, body: EVENT },
  { name: 'text/plain beacon', method: 'POST', path: '/v1/track?key=pk_x', headers: beacon, body: EVENT },
  {
    name: 'form',
    method: 'POST',
    path: '/f',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: FORM,
  },
  {
    name: 'gzip JSON',
    method: 'POST',
    path: '/v1/batch',
    headers: { ...json, 'content-encoding': 'gzip' },
    body: gzipSync(EVENT),
    plain: EVENT,
  },
  {
    name: 'gzip beacon',
    method: 'POST',
    path: '/v1/batch',
    headers: { ...beacon, 'content-encoding': 'gzip' },
    body: gzipSync(EVENT),
    plain: EVENT,
  },
  {
    name: 'binary',
    method: 'POST',
    path: '/b',
    headers: { 'content-type': 'application/octet-stream' },
    body: BINARY,
  },
  { name: '1 MiB of JSON', method: 'POST', path: '/v1/batch', headers: json, body: BIG },
  { name: '1 MiB of text', method: 'POST', path: '/v1/batch', headers: beacon, body: BIG },
  {
    name: 'chunked JSON',
    method: 'POST',
    path: '/v1/track',
    headers: { ...json, 'transfer-encoding': 'chunked' },
    body: EVENT,
  },
  {
    name: 'empty POST without a type',
    method: 'POST',
    path: '/v1/track',
    headers: { 'content-length': 0 },
    body: '',
  },
  { name: 'DELETE', method: 'DELETE', path: '/v1/keys/1', headers: {} },
  {
    name: 'OPTIONS',
    method: 'OPTIONS',
    path: '/v1/track',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
  },
  { name: 'HEAD', method: 'HEAD', path: '/v1/a.js', headers: {} },
  {
    name: 'repeated headers',
    method: 'GET',
    path: '/h',
    headers: {
      'x-forwarded-for': ['10.0.0.1', '10.0.0.2'],
      'x-twice': ['one', 'two'],
      'user-agent': 'M/5 (ü)',
    },
  },
]

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

function send(port: number, path: string, c: Case): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(
      { port, host: '127.0.0.1', path, method: c.method, headers: c.headers, agent: false },
      (res) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('error', reject)
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    req.on('error', reject)
    req.end(c.body)
  })
}

/** The same content in the one spelling both sides agree on: parsers keep the meaning, not the bytes. */
function meaning(text: string, type: unknown): unknown {
  if (typeof type === 'string' && type.startsWith('application/json')) return JSON.parse(text)
  if (typeof type === 'string' && type.includes('urlencoded')) return [...new URLSearchParams(text)]
  return text
}

describe.each(MOUNTS)('$name', (mount) => {
  let server: { port: number; close: () => Promise<void> }
  beforeAll(async () => {
    server = await listen(mount.listener(echo))
  })
  afterAll(() => server.close())

  it.each(CASES)('$name', async (c) => {
    const path = mount.prefix + c.path || '/'
    const answer = await send(server.port, path.startsWith('/') ? path : `/${path}`, c)
    expect(answer.status).toBe(202)
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(answer.headers.vary).toBe('Origin')
    expect(answer.headers['x-method']).toBe(c.method)
    if (c.method === 'HEAD') {
      expect(answer.text).toBe('')
      return
    }
    const seen = parseEcho(answer.text)
    expect(seen.method).toBe(c.method)
    const url = new URL(seen.url)
    expect(url.host).toBe(`127.0.0.1:${server.port}`)
    const slashed = c.path.startsWith('/') ? c.path : `/${c.path}`
    const rest = url.pathname.slice(mount.prefix.length) + url.search
    expect(rest === c.path || rest === slashed).toBe(true)
    expect(url.pathname.startsWith(mount.prefix)).toBe(true)
    expect(seen.basePath ?? '').toBe(mount.prefix)
    expect(seen.ip).toBe(mount.knowsPeer ? '127.0.0.1' : null)

    const type = c.headers['content-type']
    const wanted = c.plain ?? c.body ?? ''
    const read = mount.parsed !== undefined && typeof type === 'string' && mount.parsed.test(type)
    if (read && !Buffer.isBuffer(wanted)) expect(meaning(seen.text, type)).toEqual(meaning(wanted, type))
    else expect(seen.sha).toBe(sha256(wanted))
    const headers = new Map(seen.headers)
    const length = headers.get('content-length')
    if (length !== undefined) expect(Number(length)).toBe(seen.bytes)
    if (read) expect(headers.has('content-encoding')).toBe(false)
    if (c.name === 'repeated headers') {
      expect(headers.get('x-forwarded-for')).toBe('10.0.0.1, 10.0.0.2')
      expect(headers.get('x-twice')).toBe('one, two')
    }
  })
})
