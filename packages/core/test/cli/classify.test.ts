import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RULESET_VERSION } from '@millimetric/classifier'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startedBefore } from '../../../../scripts/test-run/prepared-keys.js'

const data = mkdtempSync(join(tmpdir(), 'millimetric-classify-'))
beforeAll(async () => await startedBefore(data))
afterAll(() => rmSync(data, { recursive: true, force: true }))

function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
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

test('classify --diff shows what would move, --apply moves it, and --classifier takes the options of the server', async () => {
  const created = await cli('projects', 'create', '--slug', 'shop', '--data', data)
  const { project } = JSON.parse(created.out)
  const store = chdbEvents({ path: join(data, 'events') })
  const event = { project_id: project.id, timestamp: Date.now() - 60_000 }
  await store.insert({
    token: 'history',
    events: [
      storedEvent({ ...event, event_id: 'a', url: 'https://shop.example.com/?gclid=1' }),
      storedEvent({ ...event, event_id: 'b', url: 'https://shop.example.com/?gclid=2' }),
      storedEvent({ ...event, event_id: 'c', url: 'https://shop.example.com/' }),
    ],
  })
  await store.close()

  const options = join(data, 'classifier.mjs')
  writeFileSync(
    options,
    "export default { hosts: { 'friend.example.org': { name: 'friend', kind: 'social' } } }",
  )
  const classify = ['classify', '--since', '7d', '--project', 'shop', '--data', data]
  const look = await cli(...classify, '--diff')
  expect(look).toMatchObject({ code: 0, err: '' })
  expect(look.out).toContain('direct / direct / direct (direct)')
  expect(look.out).toContain('google / paid / paid_search (paid_click_id)')
  expect(look.out).toMatch(/https:\/\/shop\.example\.com\/\?gclid=\d/)
  expect(look.out).toContain(`Rules ${RULESET_VERSION}, `)
  expect(look.out).toContain('2 of 3 events would move (66.7 %)')
  expect(look.out).toContain('Nothing was written')
  expect(look.out).toContain('default options')

  const applied = await cli(...classify, '--apply', '--json', '--classifier', options)
  expect(JSON.parse(applied.out)).toMatchObject({
    ruleset: RULESET_VERSION,
    applied: true,
    events: 3,
    moving: 2,
  })
  const again = await cli(
    'classify',
    '--since',
    '2026-01-01',
    '--diff',
    '--data',
    data,
    '--classifier',
    options,
  )
  expect(again.out).toContain('0 of 3 events would move')
  expect(again.out).not.toContain('default options')
}, 120_000)

test('explain needs no data', async () => {
  const [told, own, json] = await Promise.all([
    cli('explain', 'https://shop.example.com/?gclid=1', 'https://duckduckgo.com/'),
    cli('explain', 'https://shop.example.com/', 'https://shop.example.com/about'),
    cli('explain', 'https://shop.example.com/', 'https://chatgpt.com/', '--json'),
  ])
  expect(told).toMatchObject({ code: 0, err: '' })
  expect(told.out).toContain('"channel": "paid_search"')
  expect(told.out).toMatch(/'paid_click_id'.*'matched'/)
  expect(told.out).toMatch(/'referrer_known'.*'not_reached'.*'duckduckgo/)
  expect(own.out).toContain('"rule_id": "referrer_own"')
  expect(JSON.parse(json.out)).toMatchObject({ ruleset: RULESET_VERSION, classification: { channel: 'ai' } })
}, 60_000)

test('mistakes name what to do', async () => {
  const wrong = [
    [['explain'], /explain takes the address of a page/],
    [['explain', 'https://a.example/', '--classifier', '/nowhere.mjs'], /--classifier: .* can not be loaded/],
    [['classify', '--since', '7d', '--data', data], /--diff \(only look\) or --apply/],
    [['classify', '--diff', '--apply', '--since', '7d', '--data', data], /--diff \(only look\) or --apply/],
  ] as const
  const answers = await Promise.all(wrong.map(([args]) => cli(...args)))
  for (const [index, [, message]] of wrong.entries()) {
    expect(answers[index]).toMatchObject({ code: 1, err: expect.stringMatching(message) })
  }
}, 60_000)
