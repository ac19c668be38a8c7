import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startedBefore } from '../../../scripts/test-run/prepared-keys.js'
import { parseReady, post, type Ready, type Running, start } from '../../hono/test/start.js'

const folder = mkdtempSync(join(tmpdir(), 'millimetric-mcp-'))
const example = fileURLToPath(new URL('..', import.meta.url))
let server: Running
let at: Ready

beforeAll(async () => {
  await startedBefore(folder)
  const demo = fileURLToPath(new URL('../../hono', import.meta.url))
  server = start(demo, ['--import', 'tsx', 'src/server.ts', '--json', '--no-seed'], {
    PORT: '0',
    DATA_DIR: folder,
  })
  at = parseReady((await server.printed('stdout', /.*\n/))[0])
})
afterAll(async () => {
  await server.stop('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function ask(env: Record<string, string>): Running {
  return start(example, ['--import', 'tsx', 'src/ask.ts'], { MCP_URL: `${at.url}/mcp`, ...env })
}

it('prints the tools of the demo and one answer', async () => {
  const event = { event: '$pageview', anonymous_id: 'a', url: 'https://shop.test/?utm_source=letter' }
  expect((await post(`${at.url}/v1/track`, at.keys.sk, event)).status).toBe(202)
  const client = ask({ MCP_KEY: at.keys.rk })
  expect([await client.ended(), client.stderr()]).toEqual([0, ''])
  expect(client.stdout()).toMatch(/^get_stats +Metrics$/m)
  expect(client.stdout()).not.toContain('track_event')
  expect(client.stdout()).toMatch(/"source": "letter"/)
})

it('says why it is refused with a public key', async () => {
  const refused = ask({ MCP_KEY: at.keys.pk })
  expect(await refused.ended()).not.toBe(0)
  expect(refused.stderr()).toContain('key_kind_not_allowed')
})
