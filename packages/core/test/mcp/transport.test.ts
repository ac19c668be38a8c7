import { errorResponseSchema } from '@millimetric/schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type McpBench, ORIGIN, openBench, type Sent } from './bench.js'

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }
const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
const STACK = /\bat .+:\d+:\d+|node_modules|\.[jt]s:\d/

let bench: McpBench
let named: McpBench
beforeAll(async () => {
  bench = await openBench()
  named = await openBench({}, { allowedHosts: ['analytics.example.com', '127.0.0.1'] })
})
afterAll(async () => {
  await bench.close()
  await named.close()
})

/** A case with the name of what is wrong, what is sent, and what comes back: status, and the code. */
type Row = [name: string, sent: (at: McpBench) => Sent, status: number, code: string | number | undefined]

function table(rows: readonly Row[], of: () => McpBench): void {
  it.each(rows)('%s', async (_name, sent, status, code) => {
    const answer = await of().send({ body: PING, ...sent(of()) })
    expect([answer.status, answer.text]).toEqual([status, answer.text])
    const error = answer.body?.error
    expect(typeof error === 'object' ? error.code : error).toBe(code)
    if (typeof error === 'string') errorResponseSchema.parse(answer.body)
    expect(answer.text).not.toMatch(STACK)
    expect(answer.headers.get('content-type') ?? '').not.toContain('event-stream')
  })
}

describe('who may come in, at /mcp', () => {
  table(
    [
      ['a secret key', ({ keys }) => ({ key: keys.sk }), 200, undefined],
      ['a read key', ({ keys }) => ({ key: keys.rk }), 200, undefined],
      ['row 60: a public key', ({ keys }) => ({ key: keys.pk }), 403, 'key_kind_not_allowed'],
      [
        'row 60: a public key from its own page',
        ({ keys }) => ({ key: keys.pk, headers: { origin: ORIGIN } }),
        403,
        'key_kind_not_allowed',
      ],
      ['an account key', ({ keys }) => ({ key: keys.ak }), 403, 'key_kind_not_allowed'],
      ['nobody', () => ({}), 401, 'missing_bearer_token'],
      ['what is no key', () => ({ key: 'nonsense' }), 401, 'malformed_api_key'],
      ['a key of nobody', () => ({ key: `rk_live_00000000_${'A'.repeat(43)}` }), 401, 'invalid_api_key'],
      [
        'a key under another kind',
        ({ keys }) => ({ key: keys.rk.replace('rk', 'sk') }),
        401,
        'key_kind_mismatch',
      ],
      [
        'a key in the query string',
        ({ keys }) => ({ path: `/mcp?key=${keys.rk}` }),
        401,
        'malformed_api_key',
      ],
    ],
    () => bench,
  )

  it('a refused key is answered before its body is read', async () => {
    const { status, body } = await bench.send({ key: bench.keys.pk, body: 'not JSON at all' })
    expect([status, body.error]).toEqual([403, 'key_kind_not_allowed'])
  })

  it('a read token is taken, from the pages that it is for', async () => {
    const filters = { field: 'path', op: 'is', value: '/' } as const
    const { token } = await bench.analytics.tokens.create({ filters, expires_in: '1h' })
    const from = async (origin?: string): Promise<number> =>
      (await bench.send({ key: token, body: PING, ...(origin === undefined ? {} : { headers: { origin } }) }))
        .status
    expect([await from(), await from(ORIGIN), await from('https://evil.test')]).toEqual([200, 200, 403])
  })
})

describe('who may come in, at /mcp/account', () => {
  const path = '/mcp/account'
  table(
    [
      ['an account key', ({ keys }) => ({ path, key: keys.ak }), 200, undefined],
      ['a secret key', ({ keys }) => ({ path, key: keys.sk }), 403, 'account_key_required'],
      ['a read key', ({ keys }) => ({ path, key: keys.rk }), 403, 'account_key_required'],
      ['row 60: a public key', ({ keys }) => ({ path, key: keys.pk }), 403, 'account_key_required'],
      ['nobody', () => ({ path }), 401, 'missing_bearer_token'],
    ],
    () => bench,
  )
})

describe('row 66: requests that are wrong', () => {
  const rk = ({ keys }: McpBench): Sent => ({ key: keys.rk })
  const huge = JSON.stringify({ ...PING, params: { x: 'x'.repeat(10 * 1024 * 1024) } })
  table(
    [
      ['a body of 2 MB', (at) => ({ ...rk(at), body: huge.slice(0, 2e6) }), 413, 'payload_too_large'],
      ['a batch of 1,000 calls', (at) => ({ ...rk(at), body: Array(1000).fill(LIST) }), 400, -32600],
      ['a batch of none', (at) => ({ ...rk(at), body: [] }), 400, -32600],
      ['an id that is an object', (at) => ({ ...rk(at), body: { ...PING, id: {} } }), 400, -32600],
      ['an id that is null', (at) => ({ ...rk(at), body: { ...PING, id: null } }), 400, -32600],
      ['no version of JSON-RPC', (at) => ({ ...rk(at), body: { id: 1, method: 'ping' } }), 400, -32600],
      ['a method that is a number', (at) => ({ ...rk(at), body: { ...PING, method: 7 } }), 400, -32600],
      ['parameters that are a list', (at) => ({ ...rk(at), body: { ...PING, params: [1] } }), 400, -32600],
      ['text', (at) => ({ ...rk(at), body: '"ping"' }), 400, -32600],
      ['no JSON', (at) => ({ ...rk(at), body: '{' }), 400, -32700],
      ['JSON that is too deep', (at) => ({ ...rk(at), body: '['.repeat(5000) }), 400, -32700],
      [
        'XML',
        (at) => ({ ...rk(at), body: '<a/>', headers: { 'content-type': 'text/xml' } }),
        415,
        'unsupported_media_type',
      ],
      ['an unknown method', (at) => ({ ...rk(at), body: { ...PING, method: 'nope' } }), 200, -32601],
      [
        'a method that is not offered',
        (at) => ({ ...rk(at), body: { ...PING, method: 'prompts/list' } }),
        200,
        -32601,
      ],
      [
        'a stream',
        (at) => ({ ...rk(at), body: { ...PING, method: 'subscriptions/listen', params: {} } }),
        404,
        -32601,
      ],
      [
        'an unknown tool',
        (at) => ({ ...rk(at), body: { ...LIST, method: 'tools/call', params: { name: 'x' } } }),
        200,
        -32602,
      ],
      [
        'a tool without a name',
        (at) => ({ ...rk(at), body: { ...LIST, method: 'tools/call', params: {} } }),
        200,
        -32602,
      ],
      [
        'an unknown resource',
        (at) => ({ ...rk(at), body: { ...LIST, method: 'resources/read', params: { uri: 'x://y' } } }),
        200,
        -32602,
      ],
      [
        'an unknown protocol version',
        (at) => ({ ...rk(at), headers: { 'mcp-protocol-version': '1999-01-01' } }),
        400,
        -32000,
      ],
      [
        'an unknown modern protocol version',
        (at) => ({
          ...rk(at),
          body: { ...LIST, params: { _meta: modern('2099-01-01') } },
          headers: modernHeaders('2099-01-01'),
        }),
        400,
        -32022,
      ],
      ['a client that takes no JSON', (at) => ({ ...rk(at), headers: { accept: 'text/html' } }), 406, -32000],
      ['GET', (at) => ({ ...rk(at), method: 'GET' }), 405, 'method_not_allowed'],
      ['DELETE', (at) => ({ ...rk(at), method: 'DELETE' }), 405, 'method_not_allowed'],
    ],
    () => bench,
  )

  it('a body of 10 MB', async () => {
    // The server answers and hangs up while the client still sends.
    const answer = await bench.send({ key: bench.keys.rk, body: huge }).catch(() => ({ status: 413 }))
    expect(answer.status).toBe(413)
  })

  it('GET and DELETE are told what is allowed, on both paths', async () => {
    for (const path of ['/mcp', '/mcp/account']) {
      for (const method of ['GET', 'DELETE', 'PUT']) {
        const { status, headers } = await bench.send({ path, method, key: bench.keys.rk })
        expect([method, status, headers.get('allow')]).toEqual([method, 405, 'POST, OPTIONS'])
      }
    }
  })

  it('a notification is taken and not answered', async () => {
    const body = { jsonrpc: '2.0', method: 'notifications/initialized' }
    const { status, text } = await bench.send({ key: bench.keys.rk, body })
    expect([status, text]).toEqual([202, ''])
  })
})

describe('row 66: Host and Origin', () => {
  const evil = 'evil.example'
  table(
    [
      [
        '`Host: evil`, where hosts are named',
        ({ keys }) => ({ key: keys.rk, headers: { host: evil } }),
        403,
        'host_not_allowed',
      ],
      ['`Host: evil`, and no key', () => ({ headers: { host: evil } }), 403, 'host_not_allowed'],
      ['no host at all', ({ keys }) => ({ key: keys.rk, headers: { host: ':::' } }), 403, 'host_not_allowed'],
      [
        'a named host, with a port',
        ({ keys }) => ({ key: keys.rk, headers: { host: 'Analytics.example.com:8443' } }),
        200,
        undefined,
      ],
      ['the address that it listens on', ({ keys }) => ({ key: keys.rk }), 200, undefined],
    ],
    () => named,
  )
  table(
    [
      [
        'a page that rebinds its own name to this server',
        ({ keys }) => ({ key: keys.rk, headers: { host: evil, origin: `http://${evil}` } }),
        403,
        'origin_not_allowed',
      ],
      [
        'the same with an account key',
        ({ keys }) => ({
          path: '/mcp/account',
          key: keys.ak,
          headers: { host: evil, origin: `http://${evil}` },
        }),
        403,
        'origin_not_allowed',
      ],
      [
        'an Origin of elsewhere',
        ({ keys }) => ({ key: keys.sk, headers: { origin: 'https://evil.test' } }),
        403,
        'origin_not_allowed',
      ],
      [
        'an Origin that is none',
        ({ keys }) => ({ key: keys.sk, headers: { origin: 'null' } }),
        403,
        'origin_not_allowed',
      ],
      [
        'an Origin of the project',
        ({ keys }) => ({ key: keys.sk, headers: { origin: ORIGIN } }),
        200,
        undefined,
      ],
      [
        'an Origin of a project of the account',
        ({ keys }) => ({ path: '/mcp/account', key: keys.ak, headers: { origin: ORIGIN } }),
        200,
        undefined,
      ],
      [
        'a proxy that names itself, and no page',
        ({ keys }) => ({ key: keys.rk, headers: { host: 'backend:8080' } }),
        200,
        undefined,
      ],
    ],
    () => bench,
  )

  it('a page of the project may read the answer and send what the protocol needs; others read nothing', async () => {
    const granted = await bench.send({ key: bench.keys.rk, headers: { origin: ORIGIN }, body: PING })
    expect(granted.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    const preflight = await bench.send({ method: 'OPTIONS', headers: { origin: ORIGIN } })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      expect.stringContaining('Mcp-Protocol-Version'),
    ])
    const refused = await bench.send({
      key: bench.keys.rk,
      headers: { origin: 'https://evil.test' },
      body: PING,
    })
    expect(refused.headers.get('access-control-allow-origin')).toBeNull()
    expect([granted, refused].map(({ headers }) => headers.get('vary'))).toEqual(['Origin', 'Origin'])
  })

  it('a name that no host can have is refused when the endpoint is made', async () => {
    await expect(openBench({}, { allowedHosts: ['https://a.test'] })).rejects.toThrow(
      /host names without port/,
    )
  })
})

describe('stateless', () => {
  it('answers are JSON, never a stream, hold no session, and are kept by nobody', async () => {
    const initialize = {
      ...PING,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    }
    const { headers, body } = await bench.send({ key: bench.keys.rk, body: initialize })
    expect(body.result).toMatchObject({ protocolVersion: '2025-11-25', serverInfo: { name: 'millimetric' } })
    expect([
      headers.get('content-type'),
      headers.get('mcp-session-id'),
      headers.get('cache-control'),
    ]).toEqual([expect.stringContaining('application/json'), null, 'no-store'])
    // Without having been initialized.
    expect((await bench.rpc(bench.keys.rk, 'tools/list')).result.tools.length).toBeGreaterThan(0)
  })

  it('there is no such path without the extension, and none twice', async () => {
    const bare = await openBench({ extensions: [] })
    expect((await bare.send({ key: bare.keys.rk, body: PING })).status).toBe(404)
    await bare.close()
    const taken = {
      name: 'mine',
      routes: [{ method: 'POST', path: '/v1/track', answer: async () => new Response() }],
    } as const
    await expect(openBench({ extensions: [taken] })).rejects.toThrow(
      /mine brings \/v1\/track, which is there already/,
    )
  })
})

function modern(version: string): object {
  return {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
  }
}

function modernHeaders(version: string): Record<string, string> {
  return { 'mcp-protocol-version': version, 'mcp-method': 'tools/list' }
}
