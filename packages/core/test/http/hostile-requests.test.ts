import { randomUUID } from 'node:crypto'
import { chdbEvents } from '@millimetric/core/chdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { ALL_ROUTES } from './all-routes.js'
import { openRouteBench, type RouteBench, validRequest } from './route-bench.js'

const QUESTIONS = ALL_ROUTES.filter((route) => route.by === 'key' && route.allowToken === true)
const INGEST = ALL_ROUTES.filter((route) => route.by === 'key' && route.scope === 'ingest')

let bench: RouteBench
beforeAll(async () => {
  // A real engine, which would say so if any of this reached it as SQL.
  bench = await openRouteBench({
    events: chdbEvents({ path: CHDB_PATH, database: freshDatabase() }),
    rateLimits: { track: null, batch: null },
    trustedProxies: 1,
  })
})
afterAll(async () => await bench.close())

const SQL = [
  "properties.x'); DROP TABLE events; --",
  "source' UNION SELECT secret_hash FROM api_keys --",
  'source FORMAT JSON',
  '{project_id:UUID}',
]

const HOSTILE: readonly Readonly<Record<string, unknown>>[] = [
  ...SQL.flatMap((text) => [{ group_by: text }, { order_by: text }, { event: text }]),
  { limit: 1e9 },
  { limit: -1 },
  { limit: '1; DROP TABLE events' },
  { range: "7d'; --" },
  { range: ['7d', '30d'] },
  { range: { from: 1 } },
  { metric: '__proto__' },
  { metric: 'constructor' },
  { timezone: "UTC'; DROP TABLE events; --" },
  { filters: [{ field: "source' OR 1=1 --", op: 'is', value: 'x' }] },
  { filters: [{ field: 'source', op: "= '' OR 1", value: 'x' }] },
  { filters: [{ field: 'path', op: 'matches', value: '(' }] },
  { range: undefined, from: '2026-05-17', to: '2026-05-16' },
  { range: undefined, from: "2026-05-16' OR '1'='1", to: '2026-05-17' },
  { range: undefined, from: '2016-01-01', to: '2026-01-01', interval: 'minute' },
  JSON.parse('{"__proto__":"1"}'),
]
const CODES = ['invalid_params', 'invalid_group_by', 'query_too_expensive']
// What only the engine, a statement or a stack would say.
const ENGINE = /Code: \d|DB::|clickhouse|syntax error|SETTINGS|arrayJoin|toDateTime64|\.events\b|:\d+:\d+\)/i

describe.each(QUESTIONS)('$method $path', (route) => {
  it('answers hostile parameters or says what is wrong with them, and never a word of SQL', async () => {
    const { query, body } = validRequest(route, bench.own)
    let refused = 0
    for (const params of HOSTILE) {
      const given = Object.entries({ ...query, ...body, ...params }).filter(
        ([, value]) => value !== undefined,
      )
      const flat = given.map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ])
      const answer = await bench.ask(
        route,
        route.method === 'GET'
          ? { search: new URLSearchParams(Object.fromEntries(flat)).toString() }
          : { body: Object.fromEntries(given) },
      )
      expect([params, answer.status]).toEqual([params, expect.toSatisfy((n) => [200, 400, 422].includes(n))])
      expect(answer.text).not.toMatch(ENGINE)
      if (answer.status === 200) continue
      refused++
      expect([params, CODES]).toEqual([params, expect.arrayContaining([answer.body.error])])
    }
    // A property may be called anything, and so may an event.
    expect(refused).toBeGreaterThan(HOSTILE.length / 2)
    const { status, text } = await bench.ask(route)
    expect(status).toBe(200)
    if (route.path !== '/v1/cohorts') expect(text.toLowerCase()).toContain('canaryamber')
  })
})

describe('X-Forwarded-For behind one proxy', () => {
  /** The visitors that events without an id are said to come from: they follow from the address alone. */
  async function visitorsOf(forwarded: readonly string[]): Promise<string[]> {
    const ids = forwarded.map(() => randomUUID())
    for (const [at, header] of forwarded.entries()) {
      const answer = await bench.server.ask('POST', '/v1/track', {
        key: bench.own.keys.pk,
        origin: 'https://canaryamber.test',
        body: { event: 'e', event_id: ids[at] },
        headers: { 'x-forwarded-for': header, 'user-agent': 'Mozilla/5.0 Firefox/127.0' },
      })
      expect([header, answer.status, answer.body.status]).toEqual([header, 202, 'stored'])
    }
    const asked = { range: '24h', limit: 1000, include_bots: true }
    const { rows } = await bench.analytics.query(asked, { project: bench.own.id })
    return ids.map((id) => rows.find(({ event_id }) => event_id === id)?.anonymous_id ?? '')
  }

  it('counts from the right, whatever stands on the left', async () => {
    const hops = Array.from({ length: 999 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
    const alike = [
      '198.51.100.7',
      `${hops.join(', ')}, 198.51.100.7`,
      'junk, 198.51.100.7',
      '127.0.0.1, ::1,198.51.100.7',
      '<script>alert(1)</script>, 198.51.100.7',
      '198.51.100.7:51234',
      '::ffff:198.51.100.7',
    ]
    const others = ['198.51.100.8', '198.51.100.7, 198.51.100.9', '127.0.0.1', '::1']
    const visitors = await visitorsOf([...alike, ...others])
    expect(new Set(visitors.slice(0, alike.length)).size).toBe(1)
    expect(new Set(visitors).size).toBe(1 + others.length)
    expect(visitors).not.toContain('')
  })

  it('an address that is none is nobody’s: two such events have two visitors', async () => {
    const junk = [
      'junk',
      '198.51.100.7, junk',
      "'; DROP TABLE events; --",
      '999.1.1.1',
      ',',
      '1'.repeat(8_000),
    ]
    const visitors = await visitorsOf([...junk, ...junk])
    expect(new Set(visitors).size).toBe(2 * junk.length)
  })

  it('no address is kept anywhere', async () => {
    const texts: string[] = []
    for await (const row of bench.analytics.export({}, { project: bench.own.id }))
      texts.push(JSON.stringify(row))
    expect(texts.length).toBeGreaterThan(10)
    expect([...texts, JSON.stringify(bench.diagnostics)].join('\n')).not.toMatch(
      /198\.51\.100|10\.0\.\d|127\.0\.0\.1/,
    )
  })
})

it.each(INGEST)(
  'POST $path takes script and control characters in headers and tags as text, and says nothing',
  async (route) => {
    const script = '<script>alert("1")</script>'
    const body = JSON.parse(
      JSON.stringify(validRequest(route, bench.own).body).replaceAll(
        '"event":',
        `"url":${JSON.stringify(`https://x.test/?utm_source=${script}&utm_campaign=a%00b%1b[31m`)},"referrer":${JSON.stringify(`https://y.test/${script}`)},"event":`,
      ),
    )
    const said = bench.diagnostics.length
    const answer = await bench.ask(route, { body, headers: { 'user-agent': script, referer: script } })
    expect(answer.status).toBe(route.path === '/v1/identify' ? 200 : 202)
    const read = await bench.server.ask('GET', '/v1/export?range=24h', { key: bench.own.keys.rk })
    expect(read.headers.get('content-type')).toMatch(/^application\/x-ndjson/)
    expect(read.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    expect(read.text).not.toContain('\\u0000')
    expect(bench.diagnostics.slice(said)).toEqual([])
  },
)
