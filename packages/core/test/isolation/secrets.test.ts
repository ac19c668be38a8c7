import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { pgliteKeys } from '@millimetric/core/pglite'
import { afterAll, expect, it, vi } from 'vitest'
import { startedBefore } from '../../../../scripts/test-run/prepared-keys.js'
import { postgresKeys } from '../../src/stores/postgres/index.js'
import { createTestDatabase } from '../keys/postgres-server.js'

const folder = mkdtempSync(join(tmpdir(), 'millimetric-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Makes, uses, misuses, rotates and revokes keys; returns all secrets and everything that was said. */
async function live(analytics: Analytics, said: string[]): Promise<string[]> {
  const { project, keys } = await analytics.projects.create({
    slug: 'p',
    owner: 'me',
    allowed_origins: ['https://p.test'],
  })
  const extra = await analytics.keys.create({ project_id: project.id, kind: 'sk', name: 'cron' })
  const account = await analytics.keys.account.create({ owner: 'me' })
  const rotated = await analytics.keys.rotate(project.id, extra.key.id, { overlap_s: 60 })
  const { token } = await analytics.tokens.create({
    project: project.id,
    filters: { field: 'path', op: 'is', value: '/' },
  })
  // Its signature is its last 64 characters.
  const secrets = [...Object.values(keys), extra.secret, account.secret, token, rotated.secret]
  for (const key of secrets) {
    for (const [path, presented] of [
      ['/v1/stats?range=7d', key],
      ['/v1/track', key],
      [`/v1/track?key=${key}`, undefined],
      ['/v1/projects', key],
      ['/v1/usage', key],
      ['/v1/stats?range=7d', `${key} `],
      ['/v1/stats?range=7d', key.replace(/^.k/, key.startsWith('rk') ? 'sk' : 'rk')],
      ['/v1/stats?range=7d', `${key.slice(0, 17)}${key.slice(17).split('').reverse().join('')}`],
    ] as const) {
      const headers =
        presented === undefined ? {} : { authorization: `Bearer ${presented}`, origin: 'https://p.test' }
      const method = path.includes('track') ? 'POST' : 'GET'
      const body = method === 'POST' ? { body: '{"event":"e","anonymous_id":"a"}' } : {}
      const answer = await analytics.handler(new Request(`http://x${path}`, { method, headers, ...body }))
      said.push(await answer.text(), JSON.stringify([...answer.headers]))
    }
  }
  said.push(inspect(await analytics.keys.list(project.id), { depth: 9 }))
  await analytics.keys.revoke(project.id, rotated.key.id)
  for (const input of [
    { project_id: project.id, kind: 'xx' },
    { project_id: keys.sk, kind: 'sk' },
  ]) {
    const error = await analytics.keys.create(input as never).catch((caught: unknown) => caught)
    if (input.project_id !== keys.sk) said.push(inspect(error, { depth: 9, showHidden: true }))
  }
  said.push(inspect(analytics, { depth: 9, showHidden: true }))
  return secrets
}

function grep(where: string, needle: string): string[] {
  return readdirSync(where, { recursive: true, encoding: 'utf8' })
    .map((name) => join(where, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path).includes(needle))
}

function expectSilence(said: readonly string[], secrets: readonly string[], pepper: string): void {
  for (const text of [...secrets.map((key) => key.slice(-43)), pepper]) {
    expect(said.filter((line) => line.includes(text))).toEqual([])
  }
}

it('secrets and the pepper are in no file, answer, error or diagnostic: PGlite', async () => {
  const said: string[] = []
  await startedBefore(folder)
  const path = join(folder, 'keys')
  const pepper = 'a pepper that must be nowhere at all'
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: pgliteKeys({ path, pepper }),
    onDiagnostic: (diagnostic) => void said.push(inspect(diagnostic, { depth: 9, showHidden: true })),
  })
  const secrets = await live(analytics, said)
  await analytics.close()
  expect(secrets).toHaveLength(7)
  for (const text of [...secrets.map((key) => key.slice(-43)), pepper]) expect(grep(path, text)).toEqual([])
  // The prefix is there: the search looks in the right place.
  expect(grep(path, secrets[0]?.split('_')[2] ?? '?').length).toBeGreaterThan(0)
  expectSilence(said, secrets, pepper)
})

it('secrets and the pepper are in no row, answer, error or diagnostic: Postgres', async ({ skip }) => {
  const database = await createTestDatabase()
  if (database === undefined) return skip()
  const said: string[] = []
  const pepper = 'a pepper that must be nowhere at all'
  const pool = database.pool()
  // The server writes down every statement of this database, with what was bound.
  const name = new URL(database.url).pathname.slice(1)
  await pool.query(`alter database ${name} set log_statement = 'all'`)
  await pool.query(`alter database ${name} set log_min_duration_statement = 0`)
  await pool.end()
  const logged = database.pool()
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: postgresKeys({ pool: logged, pepper }),
    onDiagnostic: (diagnostic) => void said.push(inspect(diagnostic, { depth: 9, showHidden: true })),
  })
  const secrets = await live(analytics, said)
  const { rows: tables } = await logged.query(
    `select tablename from pg_tables where schemaname = 'millimetric' order by 1`,
  )
  expect(tables.length).toBeGreaterThan(5)
  for (const { tablename } of tables) {
    const { rows } = await logged.query(`select t::text as line from millimetric.${tablename} t`)
    said.push(...rows.map(({ line }) => line))
  }
  expectSilence(said, secrets, pepper)
  // The table goes away under it: what it says then holds nothing either.
  await logged.query('drop schema millimetric cascade')
  const key = secrets.at(-2) ?? ''
  const fresh = createAnalytics({
    events: memoryEvents(),
    keys: postgresKeys({ pool: logged, pepper, migrate: false }),
    onDiagnostic: (diagnostic) => void said.push(inspect(diagnostic, { depth: 9, showHidden: true })),
  })
  const answer = await fresh.handler(
    new Request('http://x/v1/stats?range=7d', { headers: { authorization: `Bearer ${key}` } }),
  )
  expect(answer.status).toBe(503)
  said.push(await answer.text())
  expectSilence(said, secrets, pepper)
  // The prefixes are there: the search looks in the right place.
  const prefix = secrets[0]?.split('_')[2] ?? '?'
  await expect.poll(() => database.serverLog().includes(prefix)).toBe(true)
  expectSilence(database.serverLog().split('\n'), secrets, pepper)
  await fresh.close()
  await analytics.close()
  await database.close()
})

it('secrets and the pepper are in no file of the events, and in nothing that is printed', async () => {
  const printed: string[] = []
  const keep = (chunk: unknown): boolean => {
    printed.push(String(chunk))
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep),
    ...(['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((level) =>
      vi
        .spyOn(console, level)
        .mockImplementation((...words) => void keep(words.map((word) => inspect(word)).join(' '))),
    ),
  ]
  const path = join(folder, 'events')
  const pepper = 'a pepper that must be nowhere at all'
  const stored = memoryKeys({ pepper })
  let away = false
  // Prints what goes wrong by itself, as it does for whoever passes no onDiagnostic.
  const analytics = createAnalytics({
    events: chdbEvents({ path }),
    keys: {
      ...stored,
      async findKey(prefix) {
        if (away) throw new Error(`lost the connection while looking for ${prefix}`)
        return await stored.findKey(prefix)
      },
    },
    keyCacheTtlMs: 0,
  })
  const said: string[] = []
  const secrets = await live(analytics, said)
  away = true
  const headers = { authorization: `Bearer ${secrets[1] ?? ''}` }
  const served = await analytics.handler(
    new Request('http://x/v1/track', { method: 'POST', headers, body: '{"event":"e","anonymous_id":"a"}' }),
  )
  const { rows } = await analytics.query({ range: '7d' })
  await analytics.close()
  for (const spy of spies) spy.mockRestore()
  expect(served.status).toBe(202)
  said.push(JSON.stringify(rows), ...printed)
  expectSilence(said, secrets, pepper)
  // It did print, and the search looks in the right place.
  expect(printed.some((line) => line.includes('lost the connection'))).toBe(true)
  expect(grep(path, 'anonymous_id').length).toBeGreaterThan(0)
  for (const text of [...secrets.map((key) => key.slice(-43)), pepper]) expect(grep(path, text)).toEqual([])
})
