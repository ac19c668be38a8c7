import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// Nothing of the SDK is there, as where it was never installed.
const HOOK = `export function resolve(name, context, next) {
  if (name.startsWith('@modelcontextprotocol/')) throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
  return next(name, context)
}`

const SCRIPT = `
import { createAnalytics } from '@millimetric/core'
import { mcp } from '@millimetric/core/mcp'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'

const analytics = createAnalytics({ events: memoryEvents(), keys: memoryKeys(), extensions: [mcp()] })
const { keys } = await analytics.projects.create({ slug: 'a' })
async function post(path, key, body) {
  const headers = { authorization: 'Bearer ' + key }
  const answer = await analytics.handler(new Request('http://host.test' + path, { method: 'POST', headers, body }))
  return [answer.status, await answer.json()]
}
console.log(JSON.stringify([
  await post('/v1/track', keys.sk, '{"event":"e"}'),
  await post('/mcp', keys.pk, '{}'),
  await post('/mcp', keys.sk, '{"jsonrpc":"2.0","id":1,"method":"ping"}'),
]))
await analytics.close()
`

const dataUrl = (script: string): string => `data:text/javascript,${encodeURIComponent(script)}`

it('without the SDK all else works, keys are checked, and the answer names what to install', async () => {
  const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOK))})`
  const options = ['--conditions=@millimetric/source', '--import', 'tsx', '--import', dataUrl(register)]
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...options, '--input-type=module', '-e', SCRIPT],
    { cwd },
  )
  expect(JSON.parse(stdout)).toMatchObject([
    [202, { ok: true }],
    [403, { error: 'key_kind_not_allowed' }],
    [
      500,
      {
        error: 'missing_dependency',
        message: expect.stringContaining('npm install @modelcontextprotocol/server'),
      },
    ],
  ])
})
