import { randomUUID } from 'node:crypto'
import { type Analytics, createAnalytics, type Diagnostic } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTROL_ROUTES } from '../../src/http/control-routes.js'
import { INGEST_ROUTES } from '../../src/http/ingest-routes.js'
import { QUERY_ROUTES } from '../../src/http/query-routes.js'
import { TOKEN_ROUTES } from '../../src/http/token-routes.js'

const NAMES = ['amber', 'birch', 'cedar'] as const
type Name = (typeof NAMES)[number]

interface Tenant {
  name: Name
  canary: string
  owner: string
  id: string
  slug: string
  jobId: string
  keyIds: string[]
  keys: { pk: string; sk: string; rk: string; ak: string; rt: string; narrow: string }
}

let analytics: Analytics
const keys = memoryKeys()
const tenants: Tenant[] = []
const logs: Diagnostic[] = []
const printed: string[] = []
const { error: realError } = console

const canaryOf = (name: Name): string => `CANARY${name}`

beforeAll(async () => {
  console.error = (...parts: unknown[]) => void printed.push(parts.map(String).join(' '))
  analytics = createAnalytics({
    events: memoryEvents(),
    keys,
    delivery: { flushIntervalMs: 0 },
    rateLimits: { track: null, batch: null },
    authenticateUser(request) {
      const [, id] = /^session (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? []
      return id === undefined ? null : { id }
    },
    onDiagnostic: (diagnostic) => void logs.push(diagnostic),
  })
  for (const name of NAMES) tenants.push(await makeTenant(name))
})
afterAll(async () => {
  await analytics.close()
  console.error = realError
})

/** A project whose every text holds its canary. */
async function makeTenant(name: Name): Promise<Tenant> {
  const canary = canaryOf(name)
  const owner = `${canary}-owner`
  const low = canary.toLowerCase()
  const made = await analytics.projects.create({
    slug: `${low}-slug`,
    name: `${canary} name`,
    owner,
    plan: `${canary}-plan`,
    allowed_origins: [`https://${low}.test`],
  })
  const account = await analytics.keys.account.create({ owner, name: `${canary} account` })
  await analytics.keys.create({ project_id: made.project.id, kind: 'rk', name: `${canary} key` })
  const jobId = randomUUID()
  await keys.insertJob({
    id: jobId,
    project_id: made.project.id,
    kind: 'forget',
    state: 'failed',
    counts: { [canary]: 1 },
    created_at: 0,
    finished_at: null,
    verified_at: null,
    error: canary,
  })
  const url = `https://${low}.test/${canary}?utm_source=${canary}&utm_medium=${canary}&utm_campaign=${canary}&utm_term=${canary}&utm_content=${canary}`
  const events = Array.from({ length: 20 }, (_, i) => ({
    event: i % 3 === 0 ? '$pageview' : `${canary} event`,
    event_id: `${canary}-id-${i}`,
    anonymous_id: `${canary}-anonymous-${i % 4}`,
    user_id: `${canary}-user`,
    session_id: `${canary}-session`,
    url,
    referrer: `https://${low}.example/${canary}`,
    properties: { [canary]: canary, plan: canary },
    ip: '203.0.113.7',
    user_agent: `${canary}/1.0`,
  }))
  await analytics.batch(events, { project: made.project.id })
  await analytics.identify(
    { anonymous_id: `${canary}-anonymous-0`, user_id: `${canary}-user`, traits: { [canary]: canary } },
    { project: made.project.id },
  )
  const keyIds = [...(await analytics.keys.list(made.project.id)), account.key].map(({ id }) => id)
  const { id, slug } = made.project
  const pin = { filters: { field: 'properties.plan', op: 'is', value: canary }, expires_in: '30d' } as const
  const { token: rt } = await analytics.tokens.create({ project: id, ...pin })
  const { token: narrow } = await analytics.tokens.create({ project: id, ...pin, metrics: ['count'] })
  const own = { ...made.keys, ak: account.secret, rt, narrow }
  return { name, canary, owner, id, slug, jobId, keyIds, keys: own }
}

/** Asks and looks through everything that comes back for what belongs to somebody else. */
async function look(own: Tenant, method: string, path: string, init: RequestInit = {}): Promise<number> {
  const sent = `${path} ${String(init.body ?? '')}`.toLowerCase()
  const request = new Request(`http://host.test${path}`, { method, ...init })
  const answer = await analytics.handler(request, { ip: '198.51.100.1' })
  const back = `${await answer.text()} ${JSON.stringify([...answer.headers])}`.toLowerCase()
  for (const other of tenants) {
    if (other === own) continue
    // What the other one writes here is marked too: its newest rows hold no canary.
    const marks = [other.canary, `by-${other.name}`]
    const foreign = [...marks, other.id, other.jobId, ...other.keyIds, ...Object.values(other.keys)]
    // What the asker sent itself (an id, a slug) may be named in the error.
    const found = foreign
      .map((text) => text.toLowerCase())
      .filter((text) => back.includes(text) && !sent.includes(text))
    const plain = other.canary.toLowerCase()
    const counted = (text: string): number => text.split(plain).length - 1
    if (found.length > 0 || counted(back) > counted(sent)) {
      throw new Error(
        `${own.name} saw ${other.name} at ${method} ${path}: ${answer.status} ${back.slice(0, 300)}`,
      )
    }
  }
  return answer.status
}

/** Every way in that a tenant has. */
function doors({ keys: own, owner, canary }: Tenant): [string, Record<string, string>][] {
  const origin = `https://${canary.toLowerCase()}.test`
  return [
    ['pk', { authorization: `Bearer ${own.pk}`, origin }],
    ['sk', { authorization: `Bearer ${own.sk}` }],
    ['rk', { authorization: `Bearer ${own.rk}` }],
    ['ak', { authorization: `Bearer ${own.ak}` }],
    ['rt', { authorization: `Bearer ${own.rt}`, origin }],
    ['narrow rt', { authorization: `Bearer ${own.narrow}` }],
    ['session', { authorization: `session ${owner}` }],
    ['none', {}],
  ]
}

const table = [...INGEST_ROUTES, ...QUERY_ROUTES, ...TOKEN_ROUTES, ...CONTROL_ROUTES].map(
  ({ method, path }) => ({
    method,
    path,
  }),
)

describe.each(table)('$method $path', ({ method, path }) => {
  it('shows nobody anything of another tenant, for each foreign id, slug, key, job, origin and user', async () => {
    let asked = 0
    for (const own of tenants) {
      for (const other of tenants) {
        const ids = [
          other.id,
          other.slug,
          other.owner,
          other.jobId,
          ...other.keyIds,
          ...Object.values(other.keys),
        ]
        for (const [door, headers] of doors(own)) {
          for (const id of new Set(ids)) {
            const target = path.replace(/:\w+/g, encodeURIComponent(id))
            const queries = [
              `project_id=${id}&range=7d`,
              `project_slug=${id}&range=7d`,
              `range=7d&user_id=${id}&anonymous_id=${other.canary}-anonymous-0`,
              `range=7d&event=${other.canary}%20event&source=${other.canary}`,
              `range=7d&group_by=source,path&cursor=${id}&session_id=${id}`,
            ]
            const body =
              method === 'POST'
                ? JSON.stringify({
                    // What is stored of this is the sender's own, so it holds no canary.
                    event: `by-${own.name}`,
                    anonymous_id: `guess-${other.name}`,
                    user_id: `guess-${other.name}`,
                    project_id: id,
                    slug: `x-${door}`,
                    kind: 'rk',
                    events: [
                      { event: `by-${own.name}`, event_id: guess(other), anonymous_id: 'a', project_id: id },
                    ],
                  })
                : undefined
            const deep = method === 'GET' && id === other.id
            for (const query of deep ? queries : queries.slice(0, method === 'GET' ? 2 : 1)) {
              const status = await look(own, method, `${target}?${query}`, {
                headers,
                ...(body === undefined ? {} : { body }),
              })
              // With somebody else's id in the path nothing may succeed.
              if (other !== own && path.includes(':')) expect([door, status >= 400]).toEqual([door, true])
              asked++
            }
          }
        }
      }
    }
    expect(asked).toBeGreaterThan(500)
  })
})

it('20,000 fuzzed questions and events bring back nothing foreign', async () => {
  let seed = 42
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    // The low bits of such a generator repeat after a few steps.
    return Math.floor((seed / 2 ** 32) * n)
  }
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
  const words = [
    "' or 1=1 --",
    '" or ""="',
    '); drop table events; --',
    '{p:String}',
    '%',
    '*',
    '..%2f',
    '\u0000',
    '\ud800',
    '__proto__',
    'constructor',
    '0',
    '-1',
    '1e309',
    'null',
    'true',
    '[]',
    '{}',
    'source',
    'medium',
    'path',
    'user_id',
    '7d',
    'today',
    'count',
    'uniques',
    'hour',
    'day',
    '2026-01-01',
    '9999-12-31',
    'Europe/Berlin',
    'UTC',
    'project_id',
    'a'.repeat(3_000),
  ]
  const names = [
    'project_id',
    'project_slug',
    'range',
    'from',
    'to',
    'metric',
    'group_by',
    'interval',
    'limit',
    'event',
    'source',
    'medium',
    'user_id',
    'anonymous_id',
    'country',
    'timezone',
    'breakdown',
    'include_bots',
    'cursor',
    'key',
    'session_id',
    'raw',
    '__proto__',
    'x',
  ]
  const statuses = new Map<number, number>()
  for (let i = 0; i < 20_000; i++) {
    const own = pick(tenants)
    const other = pick(tenants)
    const foreign = [
      other.id,
      other.slug,
      other.jobId,
      other.canary,
      `${other.canary}-user`,
      `${other.canary}-id-3`,
      pick(other.keyIds),
    ]
    const text = (): string => (random(2) === 0 ? pick(foreign) : pick(words))
    const { method, path } = pick(table)
    const query = Array.from(
      { length: random(4) },
      () => `${pick(names)}=${encodeURIComponent(wellFormed(text()))}`,
    )
    if (random(2) === 0) query.push('range=30d')
    const event = { [pick(names)]: text(), event: `by-${own.name}`, anonymous_id: text(), event_id: text() }
    const bodies = [
      event,
      [event],
      text(),
      { events: [event, text()] },
      { ...event, properties: { x: text() } },
      {
        range: '30d',
        filters: [{ field: 'user_id', op: pick(['is', 'is_not', 'contains']), value: text() }],
      },
      { range: '30d', metrics: ['people', 'count'], group_by: ['user_id', 'properties.x'], other: true },
      { filters: { field: pick(['user_id', 'path']), op: 'is', value: text() }, expires_in: '1h' },
    ]
    // What is stored of this is the sender's own, and is read again.
    const body = method === 'POST' ? disguise(JSON.stringify(pick(bodies))) : undefined
    const [, headers] = pick(doors(own))
    const target = path.replace(/:\w+/g, () => encodeURIComponent(wellFormed(text())))
    const status = await look(own, method, `${target}?${query.join('&')}`, {
      headers,
      ...(body === undefined ? {} : { body }),
    })
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  expect(statuses.get(500) ?? 0).toBe(0)
  // The fuzz must also reach the answers, not the refusals only.
  expect((statuses.get(200) ?? 0) + (statuses.get(202) ?? 0)).toBeGreaterThan(500)
}, 120_000)

it('nobody wrote into somebody else’s project', async () => {
  for (const own of tenants) {
    const { rows } = await analytics.query({ range: '30d', limit: 1000 }, { project: own.id })
    const writers = new Set(rows.map(({ event_name }) => event_name).filter((name) => name.startsWith('by-')))
    expect([...writers]).toEqual([`by-${own.name}`])
  }
})

it('no diagnostic and no log line of all this holds a secret, and none mixes tenants', () => {
  for (const line of [...logs.map((each) => JSON.stringify(each)), ...printed]) {
    expect(tenants.filter(({ id }) => line.includes(id)).length).toBeLessThanOrEqual(1)
    for (const { keys: own } of tenants) {
      for (const key of Object.values(own)) expect(line.includes(key.slice(-43))).toBe(false)
    }
  }
  expect(logs.filter(({ kind }) => kind === 'internal_error')).toEqual([])
})

/** Names another tenant's event without holding its canary. */
function guess({ name }: Tenant): string {
  return `guess-${name}-id-0`
}

/** Without the marks of any tenant: canaries and ids. */
function disguise(text: string): string {
  return text
    .replaceAll(/canary/gi, 'guess-')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'guess')
}

function wellFormed(text: string): string {
  return text.isWellFormed() ? text : '\ufffd'
}
