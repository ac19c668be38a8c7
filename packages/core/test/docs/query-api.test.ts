import { readFile } from 'node:fs/promises'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { statsResponseSchema } from '@millimetric/schema'
import type { QueryResponse } from '@millimetric/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { readCurl } from './curl.js'
import { visitsOfTwoWeeks } from './visits.js'

const NOW = Date.UTC(2026, 4, 16, 12)
let analytics: Analytics
let key: string
/** What the example of a next page goes on from. */
let answer: QueryResponse

beforeAll(async () => {
  analytics = createAnalytics({
    events: chdbEvents({ path: CHDB_PATH, database: freshDatabase() }),
    keys: memoryKeys(),
    clock: () => NOW,
    basePath: '/analytics',
  })
  const { keys } = await analytics.projects.create({ slug: 'shop', timezone: 'Europe/Berlin' })
  key = keys.sk
  const receipt = await analytics.batch(visitsOfTwoWeeks(NOW))
  expect(receipt.ok).toBe(true)
  answer = await analytics.query({ range: '7d', event: 'signup', limit: 2 })
})
afterAll(async () => await analytics.close())

const text = await readFile(new URL('../../../../docs/query-api.md', import.meta.url), 'utf8')
const examples = [...text.matchAll(/```ts\n([\s\S]*?)```\s*```sh\n([\s\S]*?)```/g)].map((match) => ({
  call: (match[1] ?? '').trim(),
  curl: (match[2] ?? '').trim(),
}))

/** The code of an example as it stands; the document's own TypeScript is plain JavaScript. */
async function run(call: string): Promise<unknown> {
  const code = `return (async () => { return ${call} })()`
  const found: unknown = await new Function('analytics', 'answer', code)(analytics, answer)
  if (typeof found !== 'object' || found === null || !isIterable(found)) return found
  const rows: unknown[] = []
  for await (const row of found) rows.push(row)
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
  const found = await run(call)
  const CURSOR = answer.next_cursor ?? ''
  const { url, init } = readCurl(curl, { URL: 'http://localhost/analytics', KEY: key, CURSOR })
  const response = await analytics.handler(new Request(url, init))
  expect(response.status).toBe(200)
  expect(await read(response)).toEqual(JSON.parse(JSON.stringify(found)))
  // An example that shows nothing teaches nothing.
  expect(saysSomething(found)).toBe(true)
})

/** Whether there are events, or numbers of which one is not zero. How it was counted is no part of it. */
function saysSomething(found: unknown): boolean {
  const { meta: _, rows = [], ...others } = Object(found)
  const events = Array.isArray(found) ? found : 'next_cursor' in others ? rows : []
  return events.length > 0 || numbersIn({ rows, ...others }).some((number) => number > 0)
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

test('an answer of zeros and of dates says nothing', () => {
  const meta = { from: '2026-05-10', to: '2026-05-17', warnings: ['7 days'] }
  for (const empty of [{ rows: [{ value: 0, bucket: '2026-05-10' }], meta }, { rows: [], meta }, []]) {
    expect(saysSomething(empty)).toBe(false)
  }
  expect(saysSomething({ rows: [], next_cursor: null, meta })).toBe(false)
  expect(saysSomething({ rows: [{ value: 1 }], meta })).toBe(true)
})

test('the read token of the document shows a customer their own numbers, and no others', async () => {
  const snippet = /```js\n([\s\S]*?)```/.exec(text.slice(text.indexOf('## Read tokens')))?.[1] ?? ''
  const fetched = async (url: string, init: RequestInit): Promise<Response> =>
    await analytics.handler(new Request(url, init))
  const shown = async (customerId: string): Promise<number> => {
    const code = `return (async () => { ${snippet}\nreturn { expires_at, status: answer.status, body: await answer.json() } })()`
    const found: unknown = await new Function('analytics', 'session', 'fetch', code)(
      analytics,
      { customerId },
      fetched,
    )
    const { expires_at, status, body } = Object(found)
    expect([status, expires_at]).toEqual([200, NOW + 3_600_000])
    const { rows } = statsResponseSchema.parse(body)
    return rows.reduce((sum, { pageviews }) => sum + Number(pageviews), 0)
  }
  const all = await analytics.stats({ range: '7d', metric: 'pageviews' })
  const [acme, globex] = [await shown('acme'), await shown('globex')]
  expect(Math.min(acme, globex)).toBeGreaterThan(0)
  expect(acme + globex).toBe(all.rows[0]?.value)
  expect(await shown('nobody')).toBe(0)
})
