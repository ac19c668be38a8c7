import { type Analytics, createAnalytics, type Diagnostic } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkZone, offsetAt } from '../../src/query/zone.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const diagnostics: Diagnostic[] = []
let analytics: Analytics
let key: string

beforeAll(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
  })
  key = (await analytics.projects.create({ slug: 'p' })).keys.rk
  const events = Array.from({ length: 20 }, (_, i) => ({
    event: 'a',
    anonymous_id: `v${i}`,
    timestamp: NOW - i,
  }))
  await analytics.batch(events)
})
afterAll(async () => {
  expect(diagnostics).toEqual([])
  await analytics.close()
})

interface Answer {
  status: number
  error: string
  message: string
  ms: number
}

async function ask(request: Request): Promise<Answer> {
  const began = performance.now()
  const answer = await analytics.handler(request)
  const ms = performance.now() - began
  const { error, message } = await answer.json()
  return { status: answer.status, error, message, ms }
}

const get = (query: string): Promise<Answer> =>
  ask(new Request(`http://x/v1/stats?${query}`, { headers: { authorization: `Bearer ${key}` } }))
const post = (body: string, report = 'stats'): Promise<Answer> =>
  ask(
    new Request(`http://x/v1/${report}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body,
    }),
  )

const LEAF = '{"field":"path","op":"is","value":"x"}'
const nots = (depth: number, leaf = LEAF): string => `${'{"not":'.repeat(depth)}${leaf}${'}'.repeat(depth)}`

describe('questions that would cost more than they may', () => {
  const cases: [name: string, filters: string][] = [
    ['50,000 negations', nots(20_000)],
    ['brackets without end', '['.repeat(300_000)],
    ['lists in lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['20,000 mistakes', `[${Array(20_000).fill('{"field":"path","op":"iz","value":"x"}').join(',')}]`],
    ['a mistake below 500 others', nots(30, `{"and":[${Array(500).fill('{"field":"pth"}').join(',')}]}`)],
    ['a tree of 4,096 mistakes', tree(12)],
    ['200,000 values', `{"field":"path","op":"is","value":[${Array(200_000).fill('1').join(',')}]}`],
    ['200,000 keys', `{${Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join(',')}}`],
  ]
  test.each(cases)('%s', async (_name, filters) => {
    const body = JSON.stringify({ range: '7d', filters })
    for (const sent of [
      body,
      filters.length < 250_000 && depthOf(filters) < 100 ? `{"range":"7d","filters":${filters}}` : body,
    ]) {
      const answer = await post(sent)
      expect([answer.status, answer.error]).toEqual([400, 'invalid_params'])
      expect(answer.message).toMatch(/^filters/)
      // Without a bound these take from seconds to for ever.
      expect(answer.ms).toBeLessThan(2_000)
    }
    const inHas = `{"range":"7d","metric":"conversion_rate","goal":{"event":"a","filters":${JSON.stringify(filters)}}}`
    expect((await post(inHas)).status).toBe(400)
  })

  test('in process too, where no body bounds them, cycles included', async () => {
    let deep: object = { field: 'path', op: 'is', value: 'x' }
    for (let i = 0; i < 50_000; i++) deep = { not: deep }
    const cycle: { not?: object } = {}
    cycle.not = cycle
    for (const filters of [deep, cycle]) {
      await expect(analytics.stats({ range: '7d', filters: filters as never })).rejects.toMatchObject({
        code: 'invalid_params',
        message: 'filters: nested deeper than 8; ask a simpler question',
      })
    }
  })

  test.each(['metrics', 'group_by', 'order_by'])('100,000 wrong names in %s', async (name) => {
    const answer = await post(JSON.stringify({ range: '7d', [name]: Array(100_000).fill('cuont') }))
    expect(answer.message).toMatch(new RegExp(`^${name}: takes at most \\d+$`))
    expect(answer.ms).toBeLessThan(1_000)
    expect((await get(`range=7d&${name}=${'x,'.repeat(3_000)}`)).message).toMatch(/takes at most/)
  })

  test('groups times buckets are bounded before the zeros are made', async () => {
    const answer = await get('range=6d&interval=minute&group_by=properties.none&limit=1000')
    expect(answer.status).toBe(200)
    const many = await post(
      JSON.stringify({
        from: NOW - 9_000 * 60_000,
        to: NOW + 1,
        interval: 'minute',
        metric: 'count',
        group_by: ['user_id'],
        limit: 1000,
      }),
    )
    expect(many.status).toBe(200)
    await analytics.batch(
      Array.from({ length: 12 }, (_, i) => ({ event: `e${i}`, anonymous_id: 'v', timestamp: NOW - 1 })),
    )
    const over = await get('range=6d&interval=minute&group_by=event_name&limit=1000')
    expect([over.status, over.error]).toEqual([422, 'query_too_expensive'])
    expect(over.message).toMatch(/100000 rows/)
    expect((await get('range=6d&interval=minute&group_by=event_name&limit=3')).status).toBe(200)
  })

  test('zones spelled in a thousand ways leave nothing behind that grows', () => {
    for (let i = 0; i < 2_500; i++) {
      const name = [...'europe/berlin']
        .map((char, at) => ((i >> at) & 1 ? char.toUpperCase() : char))
        .join('')
      checkZone(name)
      expect(offsetAt(NOW, name)).toBe(7_200_000)
    }
  })
})

describe('mistakes say where and what', () => {
  const cases: [filters: unknown, message: string][] = [
    [[[]], 'filters[0]: takes one condition; a list stands in { "and": [ … ] }'],
    [{ not: [] }, 'filters.not: takes one condition; a list stands in { "and": [ … ] }'],
    [{ and: [] }, 'filters: takes at least 1 (at and)'],
    [{ has_done: { event: '' } }, 'filters: is empty (at has_done.event)'],
    [
      { field: 'path', op: 'is', value: 'x', case_sensitive: 'no' },
      'filters.case_sensitive: takes true or false',
    ],
    ['nonsense', 'filters: not a condition; write { "field": "source", "op": "is", "value": "google" }'],
    [JSON.parse('{"__proto__":{"field":"path"}}'), 'filters: unknown key "__proto__"'],
    [JSON.parse('{"field":"path","op":"is","value":"x","__proto__":1}'), 'filters: unknown key "__proto__"'],
    [{ field: 'constructor', op: 'is', value: 'x' }, 'filters.field: "constructor" is no field'],
  ]
  test.each(cases)('%j', async (filters, message) => {
    const posted = await post(JSON.stringify({ range: '7d', filters }))
    expect([posted.status, posted.message.slice(0, message.length)]).toEqual([400, message])
    const got = await get(`range=7d&filters=${encodeURIComponent(JSON.stringify(filters))}`)
    expect(got.message.slice(0, message.length)).toBe(message)
  })

  test.each([
    ['interval=dya', /^interval: .*\(did you mean "day"\?\)$/],
    ['compare=previous_yaer', /\(did you mean "previous_year"\?\)$/],
    ['timezone=Europe/Belin', /\(did you mean "Europe\/Berlin"\?\)\.$/],
    ['timezone=america/new_yrok', /\(did you mean "America\/New_York"\?\)\.$/],
    ['metric=Count', /did you mean "count"/],
    ['metrics=count,poeple', /^metrics: "poeple" is no metric \(did you mean "people"\?\)/],
    ['metrics=', /^metrics: "" is no metric/],
    [
      'order_by=-cuont&metrics=count',
      /^order_by: "cuont" is no column of the answer \(did you mean "count"\?\)/,
    ],
    ['order_by=-', /^order_by: "" is no column/],
  ])('%s', async (query, message) => {
    const answer = await get(`range=7d&${query}`)
    expect(answer.status).toBe(400)
    expect(answer.message).toMatch(message)
  })

  const steps = [{ event: 'a' }, { event: 'b' }]
  test.each([
    ['funnel', { steps: ['a', 'b'] }, /^steps: takes \{ "event": "signup" \}.*\(at 0\)$/],
    [
      'funnel',
      { steps: [{ event: 'a' }, { evnt: 'b' }] },
      /^steps\.1: unknown key "evnt" \(did you mean "event"\?\)/,
    ],
    ['funnel', { steps: [{ event: 'a' }, {}] }, /^steps: missing \(at 1\.event\)$/],
    ['funnel', { steps, group_by: ['source'] }, /^group_by: takes one name, not a list$/],
    [
      'funnel',
      { steps, order: 'stict' },
      /^order: "stict" is not one of ordered, strict \(did you mean "strict"\?\)$/,
    ],
    [
      'cohorts',
      { interval: 'weekly' },
      /^interval: "weekly" is not one of day, week, month \(did you mean "week"\?\)$/,
    ],
    ['cohorts', { periods: 61 }, /^periods: takes at most 60$/],
    ['cohorts', { periods: 'many' }, /^periods: takes a number$/],
    ['attribution', { conversion: { event: 'x' }, value: 'price' }, /^value: takes properties\.<key>$/],
    ['attribution', { conversion: { event: '' } }, /^conversion: is empty \(at event\)$/],
    [
      'paths',
      { from_pgae: '/' },
      /^Unknown parameter: from_pgae \(did you mean "from_page"\?\); there are .*from_page/,
    ],
    ['stats', { event: 'x'.repeat(5000) }, /^event: takes at most \d+ characters$/],
    [
      'stats',
      { filters: { field: 'properties.n', op: 'gt', value: '1' } },
      /^filters\.value: gt takes a number$/,
    ],
  ])('%s %j', async (report, params, message) => {
    const answer = await post(JSON.stringify({ range: '7d', ...params }), report)
    expect(answer.status).toBe(400)
    expect(answer.message).toMatch(message)
  })

  test('what is no object, and no date', async () => {
    for (const params of [[], 'x', 3] as never[])
      await expect(analytics.stats(params)).rejects.toMatchObject({
        message: 'A question is an object of parameters.',
      })
    await expect(analytics.stats({ from: new Date('x'), to: NOW })).rejects.toMatchObject({
      code: 'invalid_params',
      message: expect.stringMatching(/^from: is not ISO 8601/),
    })
  })
})

function tree(depth: number): string {
  if (depth === 0) return '{"field":"path","op":"iz","value":"x"}'
  const half = tree(depth - 1)
  return `{"and":[${half},${half}]}`
}

function depthOf(text: string): number {
  let [depth, deepest] = [0, 0]
  for (const char of text) {
    if (char === '[' || char === '{') deepest = Math.max(deepest, ++depth)
    else if (char === ']' || char === '}') depth--
  }
  return deepest
}
