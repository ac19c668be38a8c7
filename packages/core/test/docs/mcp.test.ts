import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ERROR_STATUS } from '../../src/errors.js'
import { RPC_CODES } from '../../src/mcp/rpc-error.js'
import { type McpBench, openBench } from '../mcp/bench.js'

const text = await readFile(new URL('../../../../docs/mcp.md', import.meta.url), 'utf8')

let bench: McpBench
beforeAll(async () => {
  bench = await openBench()
})
afterAll(async () => await bench.close())

async function named(method: string, list: string, field: string): Promise<string[]> {
  const { sk, ak } = bench.keys
  const answers = [await bench.rpc(sk, method), await bench.rpc(ak, method, undefined, '/mcp/account')]
  return [
    ...new Set(
      answers.flatMap(({ result }) => result[list].map((one: Record<string, string>) => one[field])),
    ),
  ]
}

test('the document has every tool and every resource, and no others', async () => {
  const tools = [...text.matchAll(/^\| `([a-z_]+)` \| `(?:ingest|read|ak)`/gm)].map(([, name]) => name)
  expect(tools.sort()).toEqual((await named('tools/list', 'tools', 'name')).sort())
  const uris = [...text.matchAll(/`([a-z]+:\/\/[a-z]+)`/g)].map(([, uri]) => uri)
  expect([...new Set(uris)].sort()).toEqual((await named('resources/list', 'resources', 'uri')).sort())
})

test('every code of an error stands there with what it means', () => {
  for (const [name, code] of Object.entries(RPC_CODES)) {
    const rows = text.split('\n').filter((line) => line.startsWith('|') && line.includes(`\`${name}\``))
    expect([name, rows.some((row) => row.includes(String(code)))]).toEqual([name, true])
  }
  for (const [, status, code = ''] of text.matchAll(/\| (\d{3}) `([a-z_]+)` \|/g)) {
    expect([code, new Map<string, number>(Object.entries(ERROR_STATUS)).get(code)]).toEqual([
      code,
      Number(status),
    ])
  }
})

test('what clients are configured with is JSON', () => {
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block = '']): unknown =>
    JSON.parse(block),
  )
  expect(blocks).toHaveLength(2)
  for (const block of blocks) expect(block).toMatchObject({ mcpServers: { millimetric: {} } })
})
