import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { COMMANDS, type CommandInput } from '../../src/cli/commands.js'
import type { Stores } from '../../src/cli/stores.js'

let analytics: Analytics
let stores: Stores

beforeEach(() => {
  const migrating = { migrate: async () => ({ applied: [] }), plan: () => '' }
  stores = {
    events: Object.assign(memoryEvents(), migrating),
    keys: Object.assign(memoryKeys(), migrating),
    end: async () => {},
  }
  analytics = createAnalytics({ events: stores.events, keys: stores.keys })
})
afterEach(async () => {
  await analytics.close()
})

/** What the command prints. */
// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into by tests.
async function run(command: string, words: string[], options: CommandInput['options']): Promise<any> {
  let printed: unknown
  const print = (value: unknown): void => {
    printed = value
  }
  await COMMANDS.get(command)?.run(stores, analytics, { words, options, print })
  return printed
}

test('keys rotate: a new key beside the old one, which ends after the overlap', async () => {
  await run('projects', ['create'], { slug: 'shop', owner: 'me' })
  const [, old] = await run('keys', ['list'], { project: 'shop' })
  const rotated = await run('keys', ['rotate'], { project: 'shop', id: old.id, overlap: '60' })
  expect(rotated).toMatchObject({
    key: { kind: old.kind, expires_at: null },
    secret: expect.stringContaining('_live_'),
  })
  const after = await run('keys', [], { project: 'shop' })
  const ended = after.find(({ id }: { id: string }) => id === old.id)
  expect(ended.expires_at - rotated.key.created_at).toBe(60_000)
  const work = run('keys', ['rotate'], { project: 'shop', id: old.id, overlap: 'soon' })
  await expect(work).rejects.toMatchObject({ code: 'invalid_params', details: { field: 'overlap_s' } })
})

test('keys --owner: account keys', async () => {
  const { key, secret } = await run('keys', ['create'], { owner: 'me', name: 'agency' })
  expect(secret).toMatch(/^ak_live_/)
  const rotated = await run('keys', ['rotate'], { owner: 'me', id: key.id })
  expect(await run('keys', ['list'], { owner: 'me' })).toHaveLength(2)
  expect((await run('keys', ['revoke'], { owner: 'me', id: rotated.key.id })).revoked_at).not.toBeNull()
  await expect(run('keys', ['mint'], { owner: 'me' })).rejects.toThrow(/list, create, rotate, revoke/)
})

test('usage: by month, and counted again', async () => {
  await run('projects', ['create'], { slug: 'shop' })
  await analytics.batch([{ event: 'e', anonymous_id: 'a', timestamp: '2026-05-16T19:00:00Z' }])
  expect(await run('usage', [], {})).toMatchObject({ months: [{ month: '2026-05', events: 1 }] })
  await stores.keys.setUsage({
    project_id: (await run('usage', [], {})).project_id,
    month: '2026-05',
    events: 99,
  })
  expect(await run('usage', [], { recount: '2026-05', project: 'shop' })).toMatchObject({
    months: [{ events: 1 }],
  })
})

test('the options are known to the command line', async () => {
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
  const options = ['--owner', 'me', '--overlap', '1', '--recount', '2026-05', '--id', 'x']
  const args = ['--conditions=@millimetric/source', '--import', 'tsx', main, 'keys', 'rotate', ...options]
  const env = { ...process.env, CLICKHOUSE_URL: '', DATABASE_URL: '', API_KEY_PEPPER: '' }
  const outcome = await promisify(execFile)(process.execPath, args, { env }).catch((error: unknown) => error)
  expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('Say where the data is') })
})
