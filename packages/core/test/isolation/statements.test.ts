import { setTimeout } from 'node:timers/promises'
import { type ClickhouseClient, clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryEvents } from '@millimetric/core/memory'
import { eventStoreCases, keyStoreCases } from '@millimetric/core/testing'
import { describe, expect, it } from 'vitest'
import { type PostgresPool, postgresKeys } from '../../src/stores/postgres/index.js'
import { createTestDatabase } from '../keys/postgres-server.js'
import { looseTables, scopeOf } from './bound-projects.js'

describe('the measure itself', () => {
  const bound = (sql: string): boolean[] =>
    [...sql.matchAll(/FROM t/g)].map(({ index }) => /project_id = \{/.test(scopeOf(sql, index)))
  it.each([
    ['SELECT 1 FROM t WHERE project_id = {p:UUID}', [true]],
    ['SELECT 1 FROM t WHERE a = 1', [false]],
    ['SELECT 1 FROM (SELECT 2 FROM t WHERE project_id = {p:UUID}) WHERE a = 1', [true]],
    ['SELECT 1 FROM t WHERE a IN (SELECT 2 FROM t WHERE project_id = {p:UUID})', [false, true]],
    ['SELECT 1 FROM t WHERE project_id = {p:UUID} AND a IN (SELECT b FROM t)', [true, false]],
  ])('%s', (sql, expected) => {
    expect(bound(sql)).toEqual(expected)
  })
})

/** Every call that the conformance cases make, recorded on the memory store. */
async function recordedCalls(): Promise<{ method: string; args: unknown[] }[]> {
  const calls: { method: string; args: unknown[] }[] = []
  for (const { run } of eventStoreCases) {
    const store = new Proxy(memoryEvents(), {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function' || name === 'close') return member
        return (...args: unknown[]): unknown => {
          calls.push({ method: String(name), args: structuredClone(args.filter((arg) => arg !== undefined)) })
          return Reflect.apply(member, target, args)
        }
      },
    })
    // Whether the store is right is what the conformance tests say.
    await run(store).catch(() => {})
  }
  return calls
}

it('every statement to ClickHouse binds a project at every table it touches', async () => {
  const seen = new Set<string>()
  const client: ClickhouseClient = {
    async command({ query }) {
      seen.add(query)
    },
    async query({ query }) {
      seen.add(query)
      return { json: async () => [] }
    },
    async close() {},
  }
  const calls = await recordedCalls()
  const kinds = new Set(calls.map(({ method }) => method))
  expect(kinds.size).toBeGreaterThanOrEqual(3)
  const store = clickhouseEvents({ client, database: 'statements', rollupFromRows: 0 })
  for (const { method, args } of calls) {
    const member: unknown = Reflect.get(store, method)
    if (typeof member !== 'function') continue
    const work: unknown = Reflect.apply(member, store, args)
    // Nothing is stored, so some answers make no sense to whoever asked.
    if (work instanceof Promise)
      await Promise.race([work.catch(() => {}), setTimeout(200, undefined, { ref: false })])
  }

  const { references, loose } = looseTables(seen, 'statements')
  expect(references).toBeGreaterThan(20)
  expect(loose).toEqual([])
})

it('every statement of the key store names the project, key or owner it is about, and binds all values', async ({
  skip,
}) => {
  const database = await createTestDatabase()
  if (database === undefined) return skip()
  const seen = new Set<string>()
  const real = database.pool()
  const pool: PostgresPool = {
    async connect() {
      const client = await real.connect()
      return {
        async query<R>(text: string, values: unknown[]) {
          seen.add(text)
          // biome-ignore lint/suspicious/noExplicitAny: pg asks for rows that have an index.
          const { rows, rowCount }: { rows: any[]; rowCount: number | null } = await client.query(
            text,
            values,
          )
          return { rows: rows as R[], rowCount }
        },
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (broken) => client.release(broken),
      }
    },
    on: (event, listener) => real.on(event, listener),
  }
  const keys = postgresKeys({ pool, pepper: 'a pepper for the tests' })
  await keys.migrate()
  const migrations = seen.size
  seen.clear()
  expect(migrations).toBeGreaterThan(10)
  for (const { run } of keyStoreCases) await run(keys)
  await keys.close()
  await database.close()

  // What is about all projects on purpose; each is only reachable in process or by an admin.
  const wide = [
    /^select "id", .* from "millimetric"\."projects" order by "slug"$/,
    /^select \* from "millimetric"\."jobs" where "state" in \([$\d, ]+\) order by/,
  ]
  const BOUND =
    /"?(?:project_id|id|prefix|owner|slug|month)"? (?:= |is not distinct from )?(?:\$\d|= any\(\$\d)|k\.id = u\.id/
  const loose: string[] = []
  let references = 0
  for (const sql of seen) {
    if (!/"(?:projects|api_keys|usage_meter|jobs)"/.test(sql)) continue
    references++
    // Values are parameters: a statement says the same for everybody.
    expect(sql).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-|case-|owner-/)
    if (/^insert into/.test(sql) || wide.some((known) => known.test(sql))) continue
    if (!BOUND.test(sql)) loose.push(sql)
  }
  expect(references).toBeGreaterThan(20)
  expect(loose).toEqual([])
})
