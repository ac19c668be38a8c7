import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const data = mkdtempSync(join(tmpdir(), 'millimetric-cli-keys-'))
afterAll(() => rmSync(data, { recursive: true, force: true }))

function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--conditions=@millimetric/source', '--import', 'tsx', main, ...args, '--data', data, '--json'],
      { env: { ...process.env, CLICKHOUSE_URL: '', DATABASE_URL: '', API_KEY_PEPPER: '' } },
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

test('rotates keys, makes account keys and shows usage', async () => {
  expect((await cli('projects', 'create', '--slug', 'shop', '--owner', 'me')).code).toBe(0)
  const listed = JSON.parse((await cli('keys', '--project', 'shop')).out)
  const old = listed.find(({ kind }: { kind: string }) => kind === 'sk')
  const rotated = JSON.parse(
    (await cli('keys', 'rotate', '--project', 'shop', '--id', old.id, '--overlap', '60')).out,
  )
  expect(rotated).toMatchObject({
    key: { kind: 'sk', expires_at: null },
    secret: expect.stringMatching(/^sk_live_/),
  })
  const after = JSON.parse((await cli('keys', '--project', 'shop')).out)
  const ended = after.find(({ id }: { id: string }) => id === old.id)
  expect(ended.expires_at - rotated.key.created_at).toBe(60_000)
  const refused = await cli('keys', 'rotate', '--project', 'shop', '--id', old.id, '--overlap', 'soon')
  expect([refused.code, refused.err.includes('overlap_s')]).toEqual([1, true])

  const account = JSON.parse((await cli('keys', 'create', '--owner', 'me')).out)
  expect(account.secret).toMatch(/^ak_live_/)
  expect(
    JSON.parse((await cli('keys', 'revoke', '--owner', 'me', '--id', account.key.id)).out).revoked_at,
  ).not.toBeNull()

  expect(JSON.parse((await cli('usage')).out)).toMatchObject({ plan: 'default', months: [] })
  const counted = JSON.parse((await cli('usage', '--recount', '2026-05', '--project', 'shop')).out)
  expect(counted.months).toEqual([{ month: '2026-05', events: 0 }])
})
