import {
  type Analytics,
  createAnalytics,
  type Diagnostic,
  type EventStore,
  type KeyStore,
} from '@millimetric/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTROL_ROUTES } from '../../src/http/control-routes.js'
import { INGEST_ROUTES } from '../../src/http/ingest-routes.js'
import { QUERY_ROUTES } from '../../src/http/query-routes.js'
import { TOKEN_ROUTES } from '../../src/http/token-routes.js'
import { FIELDS, WORDS } from './fuzz-words.js'
import { doors, look, makeTenants, type Tenant } from './tenants.js'

const table = [...INGEST_ROUTES, ...QUERY_ROUTES, ...TOKEN_ROUTES, ...CONTROL_ROUTES].map(
  ({ method, path }) => ({
    method,
    path,
  }),
)

/** How much is asked. */
export interface Scale {
  /** What is taken from another tenant and put where an id goes. */
  ids(other: Tenant): readonly string[]
  /** Requests a route at least. */
  asked: number
  fuzz: number
}

const AT_ONCE = 8

/** As many at a time as a store answers together. */
async function atOnce(work: readonly (() => Promise<void>)[]): Promise<void> {
  const left = work.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of left) await one()
    }),
  )
}

/** Three tenants whose every text is marked, every door and route: nobody ever sees a mark of somebody else. */
export function canaryMatrix(
  open: () => Promise<{ events: EventStore; keys: KeyStore }>,
  scale: Scale,
): void {
  let analytics: Analytics
  const tenants: Tenant[] = []
  const logs: Diagnostic[] = []
  const printed: string[] = []
  const { error: realError } = console

  beforeAll(async () => {
    console.error = (...parts: unknown[]) => void printed.push(parts.map(String).join(' '))
    const { events, keys } = await open()
    analytics = createAnalytics({
      events,
      keys,
      delivery: { flushIntervalMs: 0 },
      rateLimits: { track: null, batch: null },
      authenticateUser(request) {
        const [, id] = /^session (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? []
        return id === undefined ? null : { id }
      },
      onDiagnostic: (diagnostic) => void logs.push(diagnostic),
    })
    tenants.push(...(await makeTenants(analytics, keys)))
  })
  afterAll(async () => {
    await analytics.close()
    console.error = realError
  })

  it.each([
    '/v1/query?range=7d',
    '/v1/sources?range=7d',
    '/v1/stats?range=7d&group_by=source,path',
    '/v1/stats?range=7d&group_by=source&metric=sessions',
    '/v1/stats?range=7d&group_by=user_id,properties.plan',
  ])('%s shows each tenant its own marks, so that others could show', async (path) => {
    for (const { canary, keys } of tenants) {
      const headers = { authorization: `Bearer ${keys.sk}` }
      const answer = await analytics.handler(new Request(`http://host.test${path}`, { headers }))
      expect([answer.status, (await answer.text()).toLowerCase()]).toEqual([
        200,
        expect.stringContaining(canary.toLowerCase()),
      ])
    }
  })

  describe.each(table)('$method $path', ({ method, path }) => {
    it('shows nobody anything of another tenant, for each foreign id, slug, key, job, origin and user', async () => {
      const asking: (() => Promise<void>)[] = []
      for (const own of tenants) {
        for (const other of tenants) {
          const ids = scale.ids(other)
          for (const [door, headers] of doors(own)) {
            for (const id of new Set(ids)) {
              const target = path.replace(/:\w+/g, encodeURIComponent(id))
              const queries = [
                `project_id=${id}&range=7d`,
                `project_slug=${id}&range=7d`,
                `range=7d&user_id=${id}&anonymous_id=${other.canary}-anonymous-0`,
                `range=7d&event=${other.canary}%20event&source=${other.canary}`,
                `range=7d&group_by=source,path&cursor=${id}&session_id=${id}`,
                `project_id=${id}&range=7d&group_by=source,path`,
                `range=7d&group_by=user_id,properties.plan`,
                `range=7d&group_by=source&metric=sessions`,
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
                        {
                          event: `by-${own.name}`,
                          event_id: guess(other),
                          anonymous_id: 'a',
                          project_id: id,
                        },
                      ],
                    })
                  : undefined
              const deep = method === 'GET' && id === other.id
              for (const query of deep ? queries : queries.slice(0, method === 'GET' ? 2 : 1)) {
                asking.push(async () => {
                  const init = { headers, ...(body === undefined ? {} : { body }) }
                  const asked = { method, path: `${target}?${query}`, ...init }
                  const status = await look(analytics, tenants, own, asked)
                  // With somebody else's id in the path nothing may succeed.
                  if (other !== own && path.includes(':')) expect([door, status >= 400]).toEqual([door, true])
                })
              }
            }
          }
        }
      }
      await atOnce(asking)
      expect(asking.length).toBeGreaterThan(scale.asked)
    }, 120_000)
  })

  it(`${scale.fuzz} fuzzed questions and events bring back nothing foreign`, async () => {
    let seed = 42
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      // The low bits of such a generator repeat after a few steps.
      return Math.floor((seed / 2 ** 32) * n)
    }
    const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
    const statuses = new Map<number, number>()
    const asking: (() => Promise<void>)[] = []
    for (let i = 0; i < scale.fuzz; i++) {
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
      const text = (): string => (random(2) === 0 ? pick(foreign) : pick(WORDS))
      const { method, path } = pick(table)
      const query = Array.from(
        { length: random(4) },
        () => `${pick(FIELDS)}=${encodeURIComponent(wellFormed(text()))}`,
      )
      if (random(2) === 0) query.push('range=30d')
      const event = {
        [pick(FIELDS)]: text(),
        event: `by-${own.name}`,
        anonymous_id: text(),
        event_id: text(),
      }
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
      asking.push(async () => {
        const path = `${target}?${query.join('&')}`
        const init = { headers, ...(body === undefined ? {} : { body }) }
        const status = await look(analytics, tenants, own, { method, path, ...init })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      })
    }
    await atOnce(asking)
    expect(statuses.get(500) ?? 0).toBe(0)
    // The fuzz must also reach the answers, not the refusals only.
    expect((statuses.get(200) ?? 0) + (statuses.get(202) ?? 0)).toBeGreaterThan(scale.fuzz / 40)
  }, 120_000)

  it('nobody wrote into somebody else’s project', async () => {
    for (const own of tenants) {
      const { rows } = await analytics.query({ range: '30d', limit: 1000 }, { project: own.id })
      const writers = new Set(
        rows.map(({ event_name }) => event_name).filter((name) => name.startsWith('by-')),
      )
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
}

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
