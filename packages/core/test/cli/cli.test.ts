import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toNodeHandler } from '@millimetric/adapters/node'
import { createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FULL } from '../../../../scripts/test-run/measure.js'
import { startedBefore } from '../../../../scripts/test-run/prepared-keys.js'

const data = mkdtempSync(join(tmpdir(), 'millimetric-cli-'))
beforeAll(async () => await startedBefore(data))
afterAll(() => rmSync(data, { recursive: true, force: true }))

interface Outcome {
  code: number
  out: string
  err: string
}

function cli(...args: string[]): Promise<Outcome> {
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--conditions=@millimetric/source', '--import', 'tsx', main, ...args],
      {
        cwd: import.meta.dirname,
        env: { ...process.env, CLICKHOUSE_URL: '', DATABASE_URL: '', API_KEY_PEPPER: '' },
      },
    )
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }))
  })
}

test.runIf(FULL)(
  'a project, its keys, a question: all on one data folder',
  async () => {
    const created = await cli(
      'projects',
      'create',
      '--slug',
      'shop',
      '--origin',
      'https://shop.test',
      '--data',
      data,
    )
    expect(created.code).toBe(0)
    const { project, keys } = JSON.parse(created.out)
    expect(project).toMatchObject({ slug: 'shop', allowed_origins: ['https://shop.test'] })
    expect(Object.keys(keys)).toEqual(['pk', 'sk', 'rk'])

    const listed = await cli('keys', '--project', 'shop', '--data', data, '--json')
    expect(JSON.parse(listed.out)).toHaveLength(3)
    expect(listed.out).not.toContain(keys.sk.slice(-20))
    const [first] = JSON.parse(listed.out)
    const revoked = await cli('keys', 'revoke', '--project', 'shop', '--id', first.id, '--data', data)
    expect(JSON.parse(revoked.out).revoked_at).toBeGreaterThan(0)

    const stats = await cli('stats', '--range', '7d', '--interval', 'day', '--data', data, '--json')
    expect(JSON.parse(stats.out).rows).toHaveLength(7)
    expect(JSON.parse((await cli('doctor', '--data', data)).out)).toMatchObject({
      projects: [{ slug: 'shop' }],
    })
  },
  120_000,
)

test.runIf(FULL)(
  'forget waits until nothing is left; retention says what it removed',
  async () => {
    const job = await cli('forget', '--project', 'shop', '--user', 'ann', '--data', data, '--json')
    expect([job.code, job.err]).toEqual([0, ''])
    expect(JSON.parse(job.out)).toMatchObject({ kind: 'forget', state: 'done', counts: { events: 0 } })
    const both = await cli('forget', '--project', 'shop', '--user', 'a', '--anonymous', 'b', '--data', data)
    expect([both.code, both.err]).toEqual([1, expect.stringMatching(/either --user ID or --anonymous ID/)])
    const report = await cli('retention', '--data', data, '--json')
    expect(JSON.parse(report.out)).toEqual({ ok: true, projects: 0, removed: {} })
  },
  120_000,
)

test('migrate --plan prints SQL and opens nothing', async () => {
  const { out } = await cli('migrate', '--plan', '--data', join(data, 'never'))
  expect(out).toContain('CREATE TABLE IF NOT EXISTS `millimetric`.events')
  expect(out).toContain('api_keys')
})

test.runIf(FULL)(
  'mistakes name what to do and exit with 1',
  async () => {
    const cases: [string[], RegExp][] = [
      [['stats'], /--data DIR.*--clickhouse URL.*--url and --key/s],
      [['frob', '--data', data], /Unknown command "frob"; there are migrate/],
      [['--wat'], /--wat.*--help lists all/s],
      [
        ['keys', 'mint', '--project', 'shop', '--data', data],
        /keys mint: unknown; try list, create, rotate, revoke/,
      ],
      [['keys', '--project', 'nope', '--data', data], /unknown_project/],
      [['projects', 'create', '--data', data], /--slug is missing/],
      [['stats', '--url', 'http://127.0.0.1:1', '--range', '7d'], /--key is missing/],
      [['stats', '--url', 'http://127.0.0.1:1', '--key', 'x', '--range', '7d'], /No server answers/],
      [
        ['doctor', '--postgres', 'postgres://127.0.0.1:1/x', '--clickhouse', 'http://127.0.0.1:1'],
        /API_KEY_PEPPER/,
      ],
    ]
    const outcomes = await Promise.all(cases.slice(0, 3).map(([args]) => cli(...args)))
    for (const [args] of cases.slice(3)) outcomes.push(await cli(...args))
    for (const [index, outcome] of outcomes.entries()) {
      expect([outcome.code, outcome.err]).toEqual([1, expect.stringMatching(cases[index]?.[1] ?? /never/)])
    }
  },
  120_000,
)

test('a running server is asked with --url and --key', async () => {
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
  })
  const { keys } = await analytics.projects.create({ slug: 'live' })
  await analytics.track({ event: 'e', anonymous_id: 'a' })
  const server = createServer(toNodeHandler(analytics))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const asked = await cli(
    'stats',
    '--range',
    '24h',
    '--group_by',
    'event_name',
    '--url',
    url,
    '--key',
    keys.rk,
    '--json',
  )
  expect(JSON.parse(asked.out).rows).toEqual([{ event_name: 'e', value: 1 }])
  const refused = await cli('stats', '--range', '24h', '--url', url, '--key', keys.pk)
  expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/403.*scopes/)])
  server.close()
  await analytics.close()
})
