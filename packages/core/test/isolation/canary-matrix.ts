import { inspect } from 'node:util'
import {
  type Analytics,
  createAnalytics,
  type Diagnostic,
  type EventStore,
  type ForgetAnswer,
  type KeyStore,
} from '@millimetric/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALL_ROUTES, nameOf, OPEN_PATHS } from '../http/all-routes.js'
import { finished } from '../privacy/forgetting.js'
import { ask, type Bench } from './asking.js'
import { CALLS, membersOf, OTHER_MEMBERS } from './calls.js'
import { fuzz, keeps, takenFrom } from './fuzz.js'
import { type Leaf, leavesOf, replaced } from './leaves.js'
import { foundMarks } from './marks.js'
import { type Asked, REQUESTS, type RouteRequests } from './requests.js'
import { type Door, EVENTS, INTERNAL_SECRET, makeTenants, type Tenant } from './tenants.js'

// Those that keep what is sent come last, so that questions are about what the tenants began with.
const ROUTES = [...ALL_ROUTES, ...OPEN_PATHS.map((path) => ({ method: 'GET', path }))].toSorted(
  (a, b) => Number(keeps(a)) - Number(keeps(b)),
)

/** How much is asked. */
export interface Scale {
  /** Of somebody who asks and somebody else. */
  pairs: number
  /** Through which doors, beside the one that a request is for. */
  doors: readonly Door[]
  /** How many ids, slugs, keys, tokens and cursors of somebody else are put where one's own go. */
  things: number
  /** Parameters. */
  fuzz: number
}

const NAMES_OF_THINGS = ['project_id', 'project_slug', 'cursor', 'key']
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

/** Three tenants whose every text is marked, every door, route and function: nobody ever sees a mark of somebody else. */
export function canaryMatrix(
  open: () => Promise<{ events: EventStore; keys: KeyStore }>,
  scale: Scale,
): void {
  let analytics: Analytics
  let bench: Bench
  const tenants: Tenant[] = []
  const logs: Diagnostic[] = []
  const printed: string[] = []
  const { log, warn, error } = console

  beforeAll(async () => {
    const print = (...parts: unknown[]): void => void printed.push(parts.map(String).join(' '))
    Object.assign(console, { log: print, warn: print, error: print })
    const { events, keys } = await open()
    analytics = createAnalytics({
      events,
      keys,
      delivery: { flushIntervalMs: 0 },
      // Seldom, because each costs an engine a rewrite of every table.
      erasure: { tombstoneTtlMs: 0, deliveryMs: 0, roundsAtOnce: 1, roundEveryMs: 500 },
      rateLimits: { track: null, batch: null },
      internalSecret: INTERNAL_SECRET,
      authenticateUser(request) {
        const [, id] = /^session (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? []
        return id === undefined ? null : { id }
      },
      onDiagnostic: (diagnostic) => void logs.push(diagnostic),
    })
    tenants.push(...(await makeTenants(analytics, keys)))
    bench = { analytics, tenants }
  })
  afterAll(async () => {
    await analytics.close()
    Object.assign(console, { log, warn, error })
  })

  it('has requests for every route, and for no others', () => {
    expect(Object.keys(REQUESTS).sort()).toEqual(ROUTES.map(nameOf).sort())
  })

  describe.each(ROUTES)('$method $path', (route) => {
    const row: RouteRequests | undefined = REQUESTS[nameOf(route)]

    it('answers everybody with their own', async () => {
      for (const own of askers()) {
        for (const asked of row?.of(own, own) ?? []) {
          const { status, body, sent } = await ask(bench, own, route, asked)
          expect([asked, status, body]).toEqual([asked, asked.status ?? 200, body])
          if (row?.says !== undefined) expect(body).toMatch(row.says)
          if (row?.mute !== undefined) continue
          expect([asked, foundMarks(body, sent, own).length > 0, body]).toEqual([asked, true, body])
        }
      }
    })

    it('shows nobody anything of somebody else, whatever of theirs is named, alone and together', async () => {
      const asking: (() => Promise<void>)[] = []
      for (const [own, other] of pairs()) {
        const theirs = row?.of(own, other) ?? []
        for (const [index, asked] of (row?.of(own, own) ?? []).entries()) {
          const foreign = foreignLeaves(asked, theirs[index])
          for (const leaves of [foreign, ...foreign.map((leaf) => [leaf]), ...crossed(foreign)]) {
            // Through the right door, one at a time; through all of them together.
            for (const by of leaves === foreign ? new Set([asked.by, ...scale.doors]) : [asked.by]) {
              asking.push(async () => {
                const { status } = await ask(bench, own, route, { ...replaced(asked, leaves), by })
                const refused = leaves.some((leaf) => namesProject(route, leaf))
                if (refused) expect([by, leaves, status >= 400]).toEqual([by, leaves, true])
              })
            }
          }
        }
      }
      await atOnce(asking)
    }, 120_000)

    it('is fooled by no id, slug, key, token or cursor of somebody else', async () => {
      const asking: (() => Promise<void>)[] = []
      for (const [turn, [own, other]] of pairs().entries()) {
        const [asked] = row?.of(own, own) ?? []
        if (asked === undefined) continue
        for (const [at, text] of takenFrom(other).slice(0, scale.things).entries()) {
          const name = NAMES_OF_THINGS[(at + turn) % NAMES_OF_THINGS.length] ?? ''
          const query = { ...asked.query, [name]: text }
          asking.push(async () => void (await ask(bench, own, route, { ...asked, query })))
          const params = Object.fromEntries(Object.keys(asked.params ?? {}).map((part) => [part, text]))
          if (Object.keys(params).length === 0) continue
          asking.push(async () => {
            const { status } = await ask(bench, own, route, { ...asked, params })
            expect([text, status]).toEqual([text, 404])
          })
        }
      }
      await atOnce(asking)
    }, 120_000)
  })

  function askers(): Tenant[] {
    return tenants.filter((own) => pairs().some(([asker]) => asker === own))
  }

  function pairs(): [Tenant, Tenant][] {
    const all = tenants.flatMap((own) =>
      tenants.filter((other) => other !== own).map((other): [Tenant, Tenant] => [own, other]),
    )
    return all.slice(0, scale.pairs)
  }

  it(`${scale.fuzz} fuzzed parameters bring back nothing foreign`, async () => {
    const fuzzed = fuzz(ROUTES, tenants, scale.fuzz)
    const statuses = new Map<number, number>()
    await atOnce(
      fuzzed.map(({ own, route, asked, parameters }) => async () => {
        const { status } = await ask(bench, own, route, asked)
        statuses.set(status, (statuses.get(status) ?? 0) + parameters)
      }),
    )
    const sum = (from: number, to: number): number =>
      [...statuses].reduce((all, [status, n]) => all + (status >= from && status <= to ? n : 0), 0)
    expect(sum(0, 999)).toBeGreaterThanOrEqual(scale.fuzz)
    expect(sum(500, 599)).toBe(0)
    // The fuzz must also reach the answers, not the refusals only.
    expect(sum(200, 299) / sum(0, 999)).toBeGreaterThan(0.3)
  }, 120_000)

  it('has a call for every member of the object, and for no others', () => {
    const names = membersOf(analytics).map(({ name }) => name)
    expect([...Object.keys(CALLS), ...OTHER_MEMBERS].sort()).toEqual(names.sort())
  })

  it.each(Object.entries(CALLS))('analytics.%s tells of the project that is meant', async (name, asked) => {
    const member = membersOf(analytics).find((each) => each.name === name)
    for (const own of askers()) {
      for (const named of tenants) {
        const args = asked.with(own, named)
        const sent = JSON.stringify(args)
        const { failed, text } = await tell(member?.call(...args))
        for (const other of tenants) {
          if (other !== own) expect([sent, foundMarks(text, sent, other), text]).toEqual([sent, [], text])
        }
        if (named === own) {
          expect([sent, failed, text]).toEqual([sent, false, text])
          if (asked.mute === undefined) expect(foundMarks(text, sent, own)).not.toEqual([])
        } else if (asked.finds === true) expect([failed, text]).toEqual([name !== 'jobs.find', text])
      }
    }
  })

  it('nobody wrote, erased or took an id in somebody else’s project', async () => {
    const erasures: [Tenant, ForgetAnswer][] = []
    for (const own of tenants) {
      const other = tenants.find((each) => each !== own) ?? own
      // The id of an event is the project's own: that somebody else has it too makes it no duplicate.
      const event = { event: `by-${own.name}`, event_id: `${other.canary}-id-0`, anonymous_id: 'a' }
      expect(await analytics.track(event, { project: own.id })).toMatchObject({ status: 'stored' })
      erasures.push([own, await analytics.forget({ user_id: `${other.canary}-user` }, { project: own.id })])
    }
    for (const [own, { job }] of erasures) {
      expect(await finished(analytics, job.id, own.id)).toMatchObject({ state: 'done', counts: {} })
    }
    for (const own of tenants) {
      const { rows } = await analytics.stats(
        {
          range: '30d',
          metric: 'count',
          group_by: ['event_name', 'user_id'],
          limit: 1000,
          include_bots: true,
        },
        { project: own.id },
      )
      const names = rows.map(({ event_name }) => event_name).filter((text) => /^by-/.test(text))
      expect([...new Set(names)]).toEqual([`by-${own.name}`])
      const kept = rows.filter(({ user_id }) => user_id === `${own.canary}-user`)
      // One was of the person who is forgotten, one is the identify.
      expect(kept.reduce((sum, { value }) => sum + Number(value), 0)).toBe(EVENTS - 1 + 1)
    }
  })

  it('no line of the log holds a secret, and none that is about a tenant holds a mark of another', () => {
    const lines = [...logs.map((each) => inspect(each, { depth: 9, showHidden: true })), ...printed]
    for (const line of lines) {
      const about = tenants.filter((tenant) => foundMarks(line, '', tenant).length > 0)
      expect([line, about.length <= 1]).toEqual([line, true])
      for (const { keys } of tenants) {
        for (const key of Object.values(keys)) expect(line.includes(key.slice(-43))).toBe(false)
      }
    }
    for (const { canary } of tenants) expect(lines.join()).toContain(`${canary}-refused`)
    expect(logs.filter(({ kind }) => kind === 'internal_error')).toEqual([])
  })
}

/** All that is told by what a call resolves to, or by its error. */
async function tell(work: Promise<unknown> | undefined): Promise<{ failed: boolean; text: string }> {
  try {
    return { failed: false, text: JSON.stringify(await work) ?? 'undefined' }
  } catch (error) {
    return { failed: true, text: inspect(error, { depth: 9, showHidden: true }) }
  }
}

/** Places where the other request names something else. */
function foreignLeaves(own: Asked, theirs: Asked | undefined): Leaf[] {
  if (theirs === undefined) return []
  const texts = new Map(leavesOf(own).map(({ at, text }) => [at.join(), text]))
  return leavesOf(theirs).filter(({ at, text }) => texts.get(at.join()) !== text)
}

/** With several parts of the path: all of them foreign, and the rest of the request not. */
function crossed(foreign: readonly Leaf[]): Leaf[][] {
  const parts = foreign.filter(({ at }) => at[0] === 'params')
  return parts.length > 1 && parts.length < foreign.length ? [parts] : []
}

/** Whether the route works on the project, job or key that is named there. */
function namesProject(route: object, { at: [part, name = ''] }: Leaf): boolean {
  const ingests = 'scope' in route && route.scope === 'ingest'
  return part === 'params' || (part === 'query' && name.startsWith('project_') && !ingests)
}
