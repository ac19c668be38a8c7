import { AnalyticsError, type EventStore } from '@millimetric/core'
import { memoryEvents } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type McpBench, mistakeOf, OWNER, openBench, type RpcAnswer } from './bench.js'

const READ = [
  'query_events',
  'get_stats',
  'top_sources',
  'top_pages',
  'funnel',
  'cohorts',
  'attribution',
  'list_events',
]
const WEEK = { range: '7d' }
const NOBODY = '7d9f5c1e-6f4b-4c3e-9a46-1f0f7a8e7d11'

let bench: McpBench
let foreign: { id: string; slug: string; cursor: string }
let failing: unknown

beforeAll(async () => {
  bench = await openBench({ events: failable(memoryEvents()) })
  const { project } = await bench.analytics.projects.create({ slug: 'foreign', owner: 'owner-2' })
  const named = { project: project.id }
  for (const anonymous_id of ['a', 'b']) await bench.analytics.track({ event: 'e', anonymous_id }, named)
  await bench.analytics.track({ event: 'mine', anonymous_id: 'a' }, { project: bench.project.id })
  const { next_cursor } = await bench.analytics.query({ ...WEEK, limit: 1 }, named)
  foreign = { id: project.id, slug: project.slug, cursor: next_cursor ?? '' }
})
afterAll(async () => await bench.close())

/** A real store, whose questions fail on command. */
function failable(store: EventStore): EventStore {
  return {
    ...store,
    async query(plan, options) {
      if (failing !== undefined) throw failing
      return await store.query(plan, options)
    },
  }
}

async function call(key: string, name: string, args: object = WEEK, path?: string): Promise<RpcAnswer> {
  return await bench.rpc(key, 'tools/call', { name, arguments: args }, path)
}

describe('the list of tools is what the key may use', () => {
  const names = async (key: string, path?: string): Promise<string[]> =>
    (await bench.rpc(key, 'tools/list', undefined, path)).result.tools.map(
      ({ name }: { name: string }) => name,
    )

  it('by kind and scopes', async () => {
    const { sk, rk, ak } = bench.keys
    const make = async (scopes: ('ingest' | 'read')[]): Promise<string> =>
      (await bench.analytics.keys.create({ project_id: bench.project.id, kind: 'sk', scopes })).secret
    expect(await names(sk)).toEqual(['track_event', ...READ])
    expect(await names(rk)).toEqual(READ)
    expect(await names(await make(['ingest']))).toEqual(['track_event'])
    expect(await names(await make(['read']))).toEqual(READ)
    expect(await names(ak, '/mcp/account')).toEqual(['list_projects', 'compare_projects', ...READ])
  })

  it('a read token for single metrics has get_stats alone, no resource, and what it pins', async () => {
    const filters = { field: 'event_name', op: 'is', value: 'nothing' } as const
    const make = async (more: object): Promise<string> =>
      (await bench.analytics.tokens.create({ filters, expires_in: '1h', project: 'shop', ...more })).token
    const [wide, narrow] = [await make({}), await make({ metrics: ['count'] })]
    expect([await names(wide), await names(narrow)]).toEqual([READ, ['get_stats']])
    expect((await bench.rpc(narrow, 'resources/list')).result.resources).toEqual([])
    expect((await bench.tool(wide, 'get_stats', WEEK)).structuredContent.rows).toEqual([{ value: 0 }])
    expect((await bench.tool(wide, 'query_events', WEEK)).structuredContent.rows).toEqual([])
    for (const name of READ.filter((one) => one !== 'get_stats')) {
      const { result, error } = await call(narrow, name, argumentsOf(name))
      expect([name, result, error?.data?.error]).toEqual([name, undefined, 'insufficient_scope'])
    }
  })

  it('each says what it takes, what it gives, and what it does', async () => {
    const { sk, ak } = bench.keys
    for (const [key, path] of [
      [sk, '/mcp'],
      [ak, '/mcp/account'],
    ] as const) {
      for (const tool of (await bench.rpc(key, 'tools/list', undefined, path)).result.tools) {
        const reads = tool.name !== 'track_event'
        expect(tool).toMatchObject({
          title: expect.any(String),
          description: expect.any(String),
          inputSchema: { type: 'object' },
          outputSchema: { type: 'object', additionalProperties: false },
          annotations: {
            readOnlyHint: reads,
            destructiveHint: false,
            idempotentHint: reads,
            openWorldHint: false,
          },
        })
        // A reference is more than many clients take.
        expect(JSON.stringify(tool)).not.toMatch(/\$ref|\$defs/)
      }
    }
  })

  it('the whole list is short enough to be read with every question', async () => {
    const { text } = await bench.send({
      key: bench.keys.sk,
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    })
    expect(text.length).toBeLessThan(40_000)
  })
})

describe('errors', () => {
  it('what the key may not do is -32000 insufficient_scope, and nothing is stored', async () => {
    const { error } = await call(bench.keys.rk, 'track_event', { event: 'x', event_id: 'refused' })
    expect(error).toMatchObject({ code: -32000, data: { error: 'insufficient_scope', needs: 'ingest' } })
    expect(
      (await bench.tool(bench.keys.rk, 'get_stats', { ...WEEK, event: 'x' })).structuredContent.rows,
    ).toEqual([{ value: 0 }])
  })

  it('tools of the other door are unknown', async () => {
    expect((await call(bench.keys.sk, 'list_projects', {})).error).toMatchObject({
      code: -32602,
      message: expect.stringContaining('top_sources'),
      data: { error: 'unknown_tool' },
    })
    expect((await call(bench.keys.ak, 'track_event', {}, '/mcp/account')).error?.data).toEqual({
      error: 'unknown_tool',
    })
    expect(
      (await bench.rpc(bench.keys.ak, 'resources/read', { uri: 'events://recent' }, '/mcp/account')).error,
    ).toMatchObject({
      code: -32602,
      data: { error: 'unknown_resource' },
    })
  })

  it.each([
    ['get_stats', { ...WEEK, metric: 'visits' }, 'invalid_params', 'uniques'],
    ['get_stats', { ...WEEK, group_by: ['sourec'] }, 'invalid_group_by', 'source'],
    ['get_stats', { ...WEEK, nonsense: 1 }, 'invalid_params', 'nonsense'],
    ['get_stats', {}, 'invalid_params', 'range'],
    ['top_sources', { ...WEEK, breakdown: 'x' }, 'invalid_params', 'source_medium'],
    ['top_pages', { ...WEEK, event: 'x' }, 'invalid_params', 'event'],
    ['top_pages', { ...WEEK, limit: 1e9 }, 'invalid_params', 'limit'],
    ['funnel', WEEK, 'invalid_params', 'steps'],
    ['query_events', { ...WEEK, cursor: 'x' }, 'invalid_params', 'next_cursor'],
    ['query_events', { ...WEEK, project_id: NOBODY }, 'invalid_params', 'project_id'],
    ['list_events', { ...WEEK, limit: 0 }, 'invalid_params', 'limit'],
    ['track_event', { event: '' }, 'invalid_payload', 'name'],
  ])('a wrong argument of %s is a result that says what to send: %j', async (name, args, code, said) => {
    const mistake = mistakeOf(await bench.tool(bench.keys.sk, name, args))
    expect(mistake).toMatchObject({ error: code, message: expect.any(String) })
    expect(JSON.stringify(mistake)).toContain(said)
  })

  it('a closed list is listed', async () => {
    const { details } = mistakeOf(await bench.tool(bench.keys.rk, 'get_stats', { ...WEEK, metric: 'visits' }))
    expect(details?.allowed).toContain('uniques')
  })

  it.each([
    [
      new AnalyticsError('storage_unavailable', 'Away.', { retryAfter: 5 }),
      { reason: 'storage_unavailable', retry_after_s: 5 },
    ],
    [new TypeError('secret at db.internal'), { reason: 'internal_error', request_id: expect.any(String) }],
    [
      Object.assign(new Error('secret at db.internal'), { code: 81, data: 'secret' }),
      { reason: 'internal_error', request_id: expect.any(String) },
    ],
  ])('what is not the fault of whoever asks is -32000 tool_failed: %s', async (error, data) => {
    failing = error
    const before = bench.diagnostics.length
    const [tool, resource] = [
      await call(bench.keys.rk, 'get_stats'),
      await bench.rpc(bench.keys.rk, 'resources/read', { uri: 'events://recent' }),
    ]
    failing = undefined
    for (const answer of [tool, resource]) {
      expect(answer.error).toMatchObject({ code: -32000, data: { error: 'tool_failed', ...data } })
      expect(JSON.stringify(answer)).not.toMatch(/internal\b(?!_error)|secret/)
    }
    const told = bench.diagnostics.slice(before).filter(({ kind }) => kind === 'internal_error')
    expect(told).toHaveLength(error instanceof AnalyticsError ? 0 : 2)
  })

  it('too expensive a question is one that can be asked more cheaply', async () => {
    failing = new AnalyticsError('query_too_expensive', 'Ask about less.')
    const result = await bench.tool(bench.keys.rk, 'get_stats', WEEK)
    failing = undefined
    expect(mistakeOf(result).error).toBe('query_too_expensive')
  })
})

describe('row 63: what belongs to somebody else is as unknown as what is not there', () => {
  const account = async (name: string, args: object): Promise<unknown> => {
    const { result, error } = await call(bench.keys.ak, name, args, '/mcp/account')
    return error ?? result
  }

  it('ids and slugs, alone and in a list, in every tool of an account', async () => {
    for (const name of [...READ, 'compare_projects']) {
      const args = argumentsOf(name)
      const byId = await account(name, { ...args, project_id: foreign.id })
      expect(byId).toMatchObject({ code: -32004, data: { error: 'unknown_project_id' } })
      expect(byId).toEqual(await account(name, { ...args, project_id: NOBODY }))
      const bySlug = await account(name, { ...args, project_slug: foreign.slug })
      expect(bySlug).toMatchObject({ code: -32004, data: { error: 'unknown_project_slug' } })
      expect(bySlug).toEqual(await account(name, { ...args, project_slug: 'nobody' }))
      expect(await account(name, { ...args, project_ids: [bench.project.id, foreign.id] })).toEqual(byId)
    }
  })

  it('a cursor is a place in time, and shows only what is one’s own', async () => {
    const { rows } = (await bench.tool(bench.keys.rk, 'query_events', { ...WEEK, cursor: foreign.cursor }))
      .structuredContent
    for (const { event_name } of rows) expect(event_name).toBe('mine')
  })

  it('at /mcp no project can be named at all', async () => {
    for (const name of READ) {
      const answers = [foreign.id, NOBODY, bench.project.id].map(async (project_id) =>
        mistakeOf(await bench.tool(bench.keys.rk, name, { ...argumentsOf(name), project_id })),
      )
      const [theirs, none, own] = await Promise.all(answers)
      expect(theirs).toEqual(none)
      expect(own).toEqual(none)
    }
  })

  it('one way of naming projects at a time, and a cursor for one project', async () => {
    const { ak } = bench.keys
    const { id: project_id } = bench.project
    await bench.analytics.projects.create({ slug: 'second', owner: OWNER })
    for (const args of [
      { project_id, project_slug: 'shop' },
      { project_ids: [] },
      { project_ids: project_id },
      { cursor: foreign.cursor },
    ]) {
      const mistake = mistakeOf(await bench.tool(ak, 'query_events', { ...WEEK, ...args }, '/mcp/account'))
      expect([args, mistake.error]).toEqual([args, 'invalid_params'])
    }
  })

  it('an account without projects is told so', async () => {
    const { secret } = await bench.analytics.keys.account.create({ owner: 'nobody-yet' })
    for (const name of ['list_projects', 'compare_projects', 'get_stats']) {
      const { error } = await call(secret, name, {}, '/mcp/account')
      expect(error).toMatchObject({ code: -32005, data: { error: 'no_projects_visible' } })
    }
  })
})

describe('limits are those of the routes', () => {
  const TWINS = {
    query_events: 'query',
    get_stats: 'stats',
    top_sources: 'sources',
    top_pages: 'stats',
    funnel: 'funnel',
    cohorts: 'cohorts',
    attribution: 'attribution',
    list_events: 'schema',
    track_event: 'track',
  }

  it.each(Object.entries(TWINS))('%s takes from %s', async (name, route) => {
    const one = await openBench({ rateLimits: { [route]: { rate: 0.001, burst: 1 } } })
    const { sk } = one.keys
    const first = await one.tool(sk, name, argumentsOf(name))
    expect([name, first.isError]).toEqual([name, undefined])
    const { message, ...mistake } = mistakeOf(await one.tool(sk, name, argumentsOf(name)))
    expect([mistake, message]).toEqual([
      { error: 'rate_limited', retry_after_s: expect.any(Number) },
      message,
    ])
    // The route itself has nothing left either: it is one bucket.
    const rest = await fetch(`${one.url}/v1/${route}`, {
      method: ['query', 'stats', 'sources', 'schema'].includes(route) ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${sk}` },
    })
    expect([route, rest.status]).toEqual([route, 429])
    await rest.body?.cancel()
    await one.close()
  })

  it('of each project that an account asks about; and resources too', async () => {
    const one = await openBench({
      rateLimits: { stats: { rate: 0.001, burst: 1 }, schema: { rate: 0.001, burst: 1 } },
    })
    const { ak, rk } = one.keys
    await one.tool(ak, 'compare_projects', WEEK, '/mcp/account')
    expect(mistakeOf(await one.tool(ak, 'top_pages', WEEK, '/mcp/account')).error).toBe('rate_limited')
    const read = async (): Promise<RpcAnswer> =>
      await one.rpc(rk, 'resources/read', { uri: 'schema://events' })
    expect((await read()).error).toBeUndefined()
    expect((await read()).error?.data).toMatchObject({
      reason: 'rate_limited',
      retry_after_s: expect.any(Number),
    })
    await one.close()
  })
})

function argumentsOf(name: string): object {
  if (name === 'track_event') return { event: 'e', anonymous_id: 'a' }
  if (name === 'funnel') return { ...WEEK, steps: [{ event: 'a' }, { event: 'b' }] }
  return name === 'attribution' ? { ...WEEK, conversion: { event: 'a' } } : WEEK
}
