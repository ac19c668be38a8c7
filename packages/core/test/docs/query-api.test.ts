import { readFile } from 'node:fs/promises'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { readCurl } from './curl.js'
import { visitsOfTwoWeeks } from './visits.js'

const NOW = Date.UTC(2026, 4, 16, 12)
let analytics: Analytics
let key: string

beforeAll(async () => {
  analytics = createAnalytics({
    events: chdbEvents({ path: CHDB_PATH, database: freshDatabase() }),
    keys: memoryKeys(),
    clock: () => NOW,
    basePath: '/analytics',
  })
  const { keys } = await analytics.projects.create({ slug: 'docs', timezone: 'Europe/Berlin' })
  key = keys.sk
  const receipt = await analytics.batch(visitsOfTwoWeeks(NOW))
  expect(receipt.ok).toBe(true)
})
afterAll(async () => await analytics.close())

const text = await readFile(new URL('../../../../docs/query-api.md', import.meta.url), 'utf8')
const examples = [...text.matchAll(/```ts\n([\s\S]*?)```\s*```sh\n([\s\S]*?)```/g)].map((match) => ({
  call: (match[1] ?? '').trim(),
  curl: (match[2] ?? '').trim(),
}))

/** The code of an example as it stands; the document's own TypeScript is plain JavaScript. */
async function run(call: string): Promise<unknown> {
  const made: unknown = new Function('analytics', `return (async () => { return ${call} })()`)(analytics)
  const answer: unknown = await made
  if (typeof answer !== 'object' || answer === null || !isIterable(answer)) return answer
  const rows: unknown[] = []
  for await (const row of answer) rows.push(row)
  return rows
}

function isIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value
}

/** JSON, or a list of what stands on each line. */
async function read(response: Response): Promise<unknown> {
  if (response.headers.get('content-type')?.startsWith('application/x-ndjson') !== true) {
    return await response.json()
  }
  const lines = (await response.text()).trimEnd().split('\n')
  return lines.map((line): unknown => JSON.parse(line))
}

test('the document has examples, each in both forms', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5)
  expect(text.match(/```(?:ts|sh)\n/g)?.length).toBe(examples.length * 2)
})

test.each(examples)('$call', async ({ call, curl }) => {
  const answer = await run(call)
  const { url, init } = readCurl(curl, { URL: 'http://localhost/analytics', KEY: key })
  const response = await analytics.handler(new Request(url, init))
  expect(response.status).toBe(200)
  expect(await read(response)).toEqual(JSON.parse(JSON.stringify(answer)))
  // An example that shows nothing teaches nothing.
  expect(JSON.stringify(answer)).toMatch(/[1-9]/)
  const { rows } = Object(answer)
  if (Array.isArray(rows)) expect(rows.length).toBeGreaterThan(0)
})
