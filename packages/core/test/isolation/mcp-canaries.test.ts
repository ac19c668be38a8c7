import { inspect } from 'node:util'
import { type Analytics, createAnalytics, type Diagnostic } from '@millimetric/core'
import { mcp } from '@millimetric/core/mcp'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, type Bench } from './asking.js'
import { takenFrom } from './fuzz.js'
import { foundMarks } from './marks.js'
import { DOORS, type Door, EVENTS, makeTenants, type Tenant } from './tenants.js'

let analytics: Analytics
let bench: Bench
let tenants: readonly Tenant[]
const logs: Diagnostic[] = []

beforeAll(async () => {
  const keys = memoryKeys()
  analytics = createAnalytics({
    events: memoryEvents(),
    keys,
    extensions: [mcp()],
    delivery: { flushIntervalMs: 0 },
    erasure: { tombstoneTtlMs: 0, deliveryMs: 0, roundsAtOnce: 1, roundEveryMs: 500 },
    rateLimits: { track: null },
    onDiagnostic: (diagnostic) => void logs.push(diagnostic),
  })
  tenants = await makeTenants(analytics, keys)
  bench = { analytics, tenants }
})
afterAll(async () => await analytics.close())

const WEEK = { range: '7d' }
const PATHS = { '/mcp': ['sk', 'rk', 'rt'], '/mcp/account': ['ak'] } as const

interface Call {
  /** Arguments that name what belongs to `named`. */
  of(named: Tenant): object
  /** What it says at least, where it holds no text of the project. */
  says?: RegExp
}

/** Each tool. Whoever adds one adds a call of its own here. */
const CALLS: Readonly<Record<string, Call>> = {
  track_event: {
    of: ({ name }) => ({ event: 'by-agent', event_id: `guess-${name}`, anonymous_id: `guess-${name}` }),
    says: /"ok":true/,
  },
  query_events: { of: ({ canary }) => ({ ...WEEK, limit: 5, user_id: `${canary}-user` }) },
  get_stats: {
    of: ({ canary }) => ({
      ...WEEK,
      metrics: ['count', 'people'],
      group_by: ['source', 'path', `properties.${canary}-key`],
      filters: { has_done: { event: `${canary}-event` } },
    }),
  },
  top_sources: {
    of: ({ canary }) => ({ ...WEEK, filters: { field: 'user_id', op: 'is', value: `${canary}-user` } }),
  },
  top_pages: { of: ({ canary }) => ({ ...WEEK, user_id: `${canary}-user` }) },
  funnel: {
    of: ({ canary }) => ({
      ...WEEK,
      steps: [{ event: '$pageview' }, { event: `${canary}-event` }],
      group_by: 'first_touch.source',
    }),
  },
  cohorts: { of: ({ canary }) => ({ ...WEEK, start: { event: `${canary}-event` } }), says: /"size":[1-9]/ },
  attribution: { of: ({ canary }) => ({ ...WEEK, conversion: { event: `${canary}-event` } }) },
  list_events: { of: ({ canary }) => ({ ...WEEK, source: `${canary.toLowerCase()}-source` }) },
  list_projects: { of: () => ({}) },
  compare_projects: { of: ({ canary }) => ({ ...WEEK, event: `${canary}-event` }) },
}
const RESOURCES = ['events://recent', 'schema://events', 'projects://all']

async function rpc(
  own: Tenant,
  by: Door,
  path: string,
  method: string,
  params: object,
): Promise<{ status: number; body: string; sent: string }> {
  return await ask(
    bench,
    own,
    { method: 'POST', path },
    { by, body: { jsonrpc: '2.0', id: 1, method, params } },
  )
}

/** The same of each pair: who asks, and what is whose. */
async function pairs(run: (own: Tenant, other: Tenant) => Promise<void>): Promise<void> {
  for (const own of tenants) for (const other of tenants) if (other !== own) await run(own, other)
}

async function offered(path: keyof typeof PATHS): Promise<string[]> {
  const [own] = tenants
  if (own === undefined) throw new Error('no tenant')
  const by = path === '/mcp' ? 'sk' : 'ak'
  const { body } = await rpc(own, by, path, 'tools/list', {})
  return JSON.parse(body).result.tools.map(({ name }: { name: string }) => name)
}

it('has a call of every tool, and of no others', async () => {
  const names = [...(await offered('/mcp')), ...(await offered('/mcp/account'))]
  expect(Object.keys(CALLS).sort()).toEqual([...new Set(names)].sort())
})

describe.each(Object.entries(PATHS))('%s', (path, doors) => {
  const calls = Object.entries(CALLS)
  const at = path === '/mcp' ? '/mcp' : '/mcp/account'

  it.each(calls)('%s answers everybody with their own', async (name, { of, says }) => {
    if (!(await offered(at)).includes(name)) return
    for (const own of tenants) {
      for (const by of doors) {
        if (name === 'track_event' && by !== 'sk') continue
        const { status, body, sent } = await rpc(own, by, path, 'tools/call', { name, arguments: of(own) })
        expect([status, body]).toEqual([200, expect.stringContaining('structuredContent')])
        if (says !== undefined) expect(body.replaceAll('\\', '')).toMatch(says)
        else expect([name, by, foundMarks(body, sent, own).length > 0, body]).toEqual([name, by, true, body])
      }
    }
  })

  it.each(calls)(
    '%s shows nothing of somebody else, whatever of theirs is named, through any door',
    async (name, { of }) => {
      await pairs(async (own, other) => {
        for (const by of DOORS) {
          // `ask` looks through all that comes back, and throws.
          await rpc(own, by, path, 'tools/call', { name, arguments: of(other) })
        }
        for (const by of doors) {
          for (const selector of [
            { project_id: other.id },
            { project_slug: other.slug },
            { project_ids: [own.id, other.id] },
          ]) {
            const { body } = await rpc(own, by, path, 'tools/call', {
              name,
              arguments: { ...of(own), ...selector },
            })
            // An event may have any field; it is warned about and ignored.
            if (name !== 'track_event') expect(body).not.toContain('structuredContent')
          }
        }
      })
    },
  )

  it.each(calls)(
    '%s is fooled by no id, slug, key, token or cursor of somebody else',
    async (name, { of }) => {
      for (const [at, own] of tenants.entries()) {
        const other = tenants[(at + 1) % tenants.length] ?? own
        // What is kept comes back as the sender's own.
        const fields = name === 'track_event' ? [] : Object.keys(of(own))
        const names = ['cursor', 'project_id', 'project_slug', 'timezone', ...fields]
        for (const [turn, thing] of takenFrom(other).entries()) {
          const [by = 'rk'] = doors.slice(turn % doors.length)
          const changed = { ...of(own), [names[turn % names.length] ?? '']: thing }
          await rpc(own, by, path, 'tools/call', { name, arguments: changed })
        }
      }
    },
  )

  it.each(RESOURCES)('%s is one’s own, through any door', async (uri) => {
    for (const own of tenants) {
      for (const by of DOORS) {
        const { body, sent } = await rpc(own, by, path, 'resources/read', { uri })
        if (body.includes('"contents"')) expect(foundMarks(body, sent, own)).not.toEqual([])
      }
    }
    await pairs(async (own, other) => {
      for (const foreign of [
        `${uri}?project_id=${other.id}`,
        `projects://${other.id}`,
        `events://${other.slug}`,
      ]) {
        for (const by of doors) {
          const { body } = await rpc(own, by, path, 'resources/read', { uri: foreign })
          expect(body).toContain('unknown_resource')
        }
      }
    })
  })
})

it('an answer about somebody else’s project is the one about none', async () => {
  await pairs(async (own, other) => {
    for (const [name, { of }] of Object.entries(CALLS)) {
      const about = async (selector: object): Promise<string> =>
        (await rpc(own, 'ak', '/mcp/account', 'tools/call', { name, arguments: { ...of(own), ...selector } }))
          .body
      const [none, nobody] = ['7d9f5c1e-6f4b-4c3e-9a46-1f0f7a8e7d11', 'nobody']
      expect(await about({ project_id: other.id })).toBe(await about({ project_id: none }))
      expect(await about({ project_slug: other.slug })).toBe(await about({ project_slug: nobody }))
    }
  })
})

it('nothing was written for anybody else, and no line of the log is about two', async () => {
  for (const own of tenants) {
    const { rows } = await analytics.stats(
      { ...WEEK, group_by: ['event_name'], include_bots: true },
      { project: own.id },
    )
    const counts = Object.fromEntries(
      rows.map(({ event_name, value }) => [String(event_name), Number(value)]),
    )
    // Ids are guessed per tenant that is named: three by each, and the identify.
    expect(counts['by-agent']).toBeLessThanOrEqual(10)
    expect(counts[`${own.canary}-event`]).toBeLessThanOrEqual(EVENTS)
  }
  for (const each of logs) {
    const line = inspect(each, { depth: 9, showHidden: true })
    expect(tenants.filter((tenant) => foundMarks(line, '', tenant).length > 0).length).toBeLessThanOrEqual(1)
  }
  expect(logs.filter(({ kind }) => kind === 'internal_error')).toEqual([])
})
