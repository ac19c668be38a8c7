import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { startedBefore } from '../../../scripts/test-run/prepared-keys.js'
import { freePort, post, start, value } from '../../hono/test/start.js'

const folder = mkdtempSync(join(tmpdir(), 'millimetric-readme-'))
const program = fileURLToPath(new URL('../src/server.ts', import.meta.url))
const loader = import.meta.resolve('tsx')
const port = await freePort()
await startedBefore(join(folder, 'data'))
const server = start(folder, ['--import', loader, program], { PORT: String(port) })
afterAll(async () => {
  await server.stop('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

it('makes a project, takes events, and answers in process and over HTTP', async () => {
  const [, sk = '', rk = ''] = await server.printed(
    'stdout',
    /sk: '(sk_live_[^']+)'[\s\S]*rk: '(rk_live_[^']+)'/,
  )
  await server.printed('stdout', /bucket/)
  const url = `http://localhost:${port}/analytics/v1`
  expect((await post(`${url}/track`, sk, { event: 'signup', anonymous_id: 'u1' })).status).toBe(202)
  expect((await post(`${url}/track`, rk, { event: 'signup', anonymous_id: 'u1' })).status).toBe(403)
  expect(await value(`${url}/stats?range=today&event=signup`, rk)).toBe(1)
})

it('is the code that the README shows', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
  const code = readFileSync(program, 'utf8')
  const shown = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, snippet]) => snippet?.trim() ?? '')
  expect(shown.length).toBe(2)
  for (const snippet of shown) expect(code).toContain(snippet)
})
