import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serve, type TestServer } from '../control/server.js'
import { type McpBench, openBench } from './bench.js'

/** What the official runner asks of any server. */
const RUN = ['server-initialize', 'ping', 'tools-list', 'resources-list', 'dns-rebinding-protection']

/** What it asks of a server of its own, that has tools, prompts and resources by its names; and what is not offered. */
const NOT_RUN = {
  'calls test_… tools that only its fixture has': [
    'tools-call-simple-text',
    'tools-call-image',
    'tools-call-audio',
    'tools-call-embedded-resource',
    'tools-call-mixed-content',
    'tools-call-with-logging',
    'tools-call-error',
    'tools-call-with-progress',
    'tools-call-sampling',
    'tools-call-elicitation',
    'json-schema-2020-12',
    'elicitation-sep1034-defaults',
    'elicitation-sep1330-enums',
  ],
  'reads test:// resources that only its fixture has': [
    'resources-read-text',
    'resources-read-binary',
    'resources-templates-read',
    'resources-subscribe',
    'resources-unsubscribe',
  ],
  'there are no streams': ['server-sse-polling', 'server-sse-multiple-streams'],
  'there are no prompts, completions and log messages': [
    'prompts-list',
    'prompts-get-simple',
    'prompts-get-with-args',
    'prompts-get-embedded-resource',
    'prompts-get-with-image',
    'completion-complete',
    'logging-set-level',
  ],
}

// A program, that exports nothing.
const RUNNER = fileURLToPath(new URL('../../../../node_modules/.bin/conformance', import.meta.url))

let bench: McpBench
let server: TestServer
beforeAll(async () => {
  bench = await openBench({}, { allowedHosts: ['127.0.0.1'] })
  // The runner has no key.
  server = await serve({
    handler(request, context) {
      const headers = new Headers(request.headers)
      headers.set('authorization', `Bearer ${bench.keys.sk}`)
      return bench.analytics.handler(new Request(request, { headers }), context)
    },
  })
  await bench.analytics.projects.update(bench.project.id, { allowed_origins: [server.url] })
})
afterAll(async () => {
  await server.close()
  await bench.close()
})

function runner(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [RUNNER, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, said: stdout + stderr })
    })
  })
}

it('every scenario of the runner is run, or said why not', async () => {
  const { said } = await runner('list', '--server')
  const scenarios = [...said.matchAll(/^ {2}- (\S+)$/gm)].map(([, name]) => name)
  expect([...RUN, ...Object.values(NOT_RUN).flat()].sort()).toEqual(scenarios.sort())
})

it.each(RUN)('%s', async (scenario) => {
  const { code, said } = await runner('server', '--url', `${server.url}/mcp`, '--scenario', scenario)
  expect([code, said]).toEqual([0, said])
  expect(said).toMatch(/Passed: [1-9]\d*\/\d+, 0 failed/)
})
