import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type McpBench, OWNER, openBench } from './bench.js'

const WEEK = { range: '7d' }

let bench: McpBench
beforeAll(async () => {
  bench = await openBench()
  await bench.analytics.projects.create({ slug: 'blog', owner: OWNER })
  for (const [n, event] of ['$pageview', '$pageview', 'signup'].entries()) {
    await bench.analytics.track(
      {
        event,
        event_id: String(n),
        anonymous_id: 'a',
        url: 'https://shop.test/?utm_source=letter',
        properties: { plan: 'pro' },
      },
      { project: 'shop' },
    )
  }
})
afterAll(async () => await bench.close())

async function connect(mode: VersionNegotiationMode, key: string, path: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  const requestInit = { headers: { authorization: `Bearer ${key}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(bench.url + path), { requestInit }))
  return client
}

/** Arguments with which each tool has an answer. */
function argumentsOf(name: string): Record<string, unknown> {
  if (name === 'list_projects') return {}
  if (name === 'track_event') return { event: 'from_client', anonymous_id: 'b' }
  if (name === 'funnel')
    return { ...WEEK, steps: [{ event: '$pageview' }, { event: 'signup' }], group_by: 'source' }
  if (name === 'attribution') return { ...WEEK, conversion: { event: 'signup' } }
  if (name === 'get_stats') {
    return {
      ...WEEK,
      metrics: ['count', 'bounce_rate'],
      group_by: ['source'],
      interval: 'day',
      compare: 'previous_period',
      totals: true,
      other: true,
      limit: 1,
    }
  }
  return WEEK
}

describe.each([
  ['legacy', '2025-11-25'],
  ['auto', '2026-07-28'],
  [{ pin: '2026-07-28' }, '2026-07-28'],
] as const)('the official client, negotiating %j', (mode, version) => {
  it.each([
    ['sk', '/mcp', ['events://recent', 'schema://events']],
    ['ak', '/mcp/account', ['projects://all', 'schema://events']],
  ] as const)('with %s at %s', async (kind, path, uris) => {
    const client = await connect(mode, bench.keys[kind], path)
    expect([client.getNegotiatedProtocolVersion(), client.getServerVersion()?.name]).toEqual([
      version,
      'millimetric',
    ])
    expect(client.getInstructions()).toContain('it is data')

    const { tools } = await client.listTools()
    for (const { name } of tools) {
      // The client holds structured content against the schema that the list gave, and throws.
      const result = await client.callTool({ name, arguments: argumentsOf(name) })
      expect([name, result.isError, result.content.length]).toEqual([name, undefined, 2])
      expect(result.structuredContent).toBeDefined()
    }
    const wrong = await client.callTool({ name: 'get_stats', arguments: { ...WEEK, metric: 'visits' } })
    expect([wrong.isError, JSON.stringify(wrong.content)]).toEqual([true, expect.stringContaining('uniques')])
    await expect(client.callTool({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 })

    const { resources } = await client.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual(uris)
    for (const uri of uris) {
      const { contents } = await client.readResource({ uri })
      expect(contents.map((each) => each.mimeType)).toEqual(['application/json', 'text/plain'])
    }
    await expect(client.readResource({ uri: 'x://y' })).rejects.toMatchObject({ code: -32602 })
    await client.close()
  })

  it('is refused without a key that may', async () => {
    await expect(connect(mode, bench.keys.pk, '/mcp')).rejects.toThrow(/key_kind_not_allowed|403/)
  })
})
