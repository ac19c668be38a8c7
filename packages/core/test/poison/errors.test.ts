import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAnalyticsError } from '../../src/errors.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import {
  AGAIN_CODES,
  CONTENT_CODES,
  clickhouseCode,
  insertError,
  queryError,
  SETUP_CODES,
} from '../../src/stores/clickhouse/errors.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const db = freshDatabase()
let engine: Connections

beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
  for (const query of [
    `CREATE DATABASE ${db}`,
    `CREATE TABLE ${db}.t (i UInt8, s String, d Date, dt DateTime, u UUID, b Bool, f Float64, dec Decimal(9, 2),
a Array(UInt8), m Map(String, UInt8), e Enum8('x' = 1), fs FixedString(2), ip IPv4, ip6 IPv6, CONSTRAINT c CHECK i < 200)
ENGINE = MergeTree PARTITION BY i ORDER BY s`,
    `CREATE TABLE ${db}.full (i UInt8) ENGINE = MergeTree ORDER BY i SETTINGS parts_to_throw_insert = 1, parts_to_delay_insert = 1, max_delay_to_insert = 1`,
    `SYSTEM STOP MERGES ${db}.full`,
    `INSERT INTO ${db}.full SETTINGS async_insert=0 VALUES (1)`,
    `CREATE TABLE ${db}.wide (i UInt8) ENGINE = MergeTree PARTITION BY i ORDER BY i SETTINGS max_parts_in_total = 1`,
    `INSERT INTO ${db}.wide SETTINGS async_insert=0 VALUES (1)`,
    `CREATE TABLE ${db}.frozen (i UInt8) ENGINE = MergeTree ORDER BY i SETTINGS table_readonly = 1`,
  ]) {
    await engine.writer.command({ query })
  }
})
afterAll(async () => await engine.close())

async function errorOf(query: string): Promise<unknown> {
  return await engine.writer.command({ query }).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** What an insert's error means: the row, or nothing about the rows; `unsure` when the code is in no list. */
function meaning(error: unknown): string {
  const sorted = insertError(error)
  if (sorted.code !== 'event_refused') return sorted.code
  return sorted.details?.certain === true ? 'row' : 'unsure'
}

const row = (json: string, settings = ''): string =>
  `INSERT INTO ${db}.t SETTINGS async_insert=0, input_format_skip_unknown_fields=0${settings} FORMAT JSONEachRow\n${json}`

/** Real statements, with the code that this engine answers and what it must be taken for. */
const INSERTS: readonly [label: string, code: number, meaning: string, query: string][] = [
  ['a word for a number', 27, 'row', row('{"i":"x"}')],
  ['a fraction for a number', 27, 'row', row('{"i":1.5}')],
  ['a negative for an unsigned number', 72, 'row', row('{"i":-1}')],
  ['an object for a number', 27, 'row', row('{"i":{}}')],
  ['a word for a float', 72, 'row', row('{"f":"x"}')],
  ['a word for a date', 38, 'row', row('{"d":"x"}')],
  ['a word for a time', 41, 'row', row('{"dt":"yesterday"}')],
  ['a word for a time, best effort', 41, 'row', row('{"dt":"no"}', ", date_time_input_format='best_effort'")],
  ['a word for a UUID', 376, 'row', row('{"u":"x"}')],
  ['a word for a Bool', 467, 'row', row('{"b":"x"}')],
  ['a decimal of 1e40', 69, 'row', row('{"dec":"1e40"}')],
  ['a decimal with too many digits', 69, 'row', row('{"dec":123456789012}')],
  ['a word for an array', 130, 'row', row('{"a":"x"}')],
  ['an array for a map', 27, 'row', row('{"m":[1]}')],
  ['no element of the enum', 691, 'row', row('{"e":"zzz"}')],
  ['six bytes for two', 131, 'row', row('{"fs":"abcdef"}')],
  ['a word for an IPv4', 675, 'row', row('{"ip":"x"}')],
  ['a word for an IPv6', 676, 'row', row('{"ip6":"x"}')],
  ['a constraint', 469, 'row', row('{"i":201}')],
  ['an unknown column', 117, 'row', row('{"zz":1}')],
  ['half an emoji', 25, 'row', row('{"s":"\\ud800"}')],
  ['no JSON', 27, 'row', row('hello')],
  ['JSON that closes wrongly', 26, 'row', row('{]')],
  ['a text that does not end', 26, 'row', row('{"s":"abc')],
  [
    'a value nested 5,000 deep',
    306,
    'row',
    row(`{"zz":${'['.repeat(5000)}${']'.repeat(5000)}}`, ', input_format_skip_unknown_fields=1'),
  ],
  [
    'VALUES of another type',
    6,
    'row',
    `INSERT INTO ${db}.t (i, s) SETTINGS async_insert=0 VALUES (1, 'x'), ('zz', 3)`,
  ],
  ['a view that throws', 395, 'row', `INSERT INTO ${db}.t (i) SELECT throwIf(1)`],
  [
    'a view that overflows',
    407,
    'row',
    `INSERT INTO ${db}.t (dec) SELECT toDecimal32(99999999, 1) * toDecimal32(99999999, 1)`,
  ],
  ['a view that casts', 53, 'row', `INSERT INTO ${db}.t (a) SELECT tuple(1)`],
  ['a view that divides by zero', 153, 'unsure', `INSERT INTO ${db}.t (i) SELECT intDiv(1, 0)`],
  [
    'too many partitions in one insert',
    252,
    'row',
    `INSERT INTO ${db}.t (i) SELECT number FROM numbers(50) SETTINGS max_partitions_per_insert_block=2`,
  ],
  [
    'too many parts: back-pressure, the same code',
    252,
    'storage_unavailable',
    `INSERT INTO ${db}.full SETTINGS async_insert=0 VALUES (2)`,
  ],
  [
    'too many parts in total: back-pressure, the same code',
    252,
    'storage_unavailable',
    `INSERT INTO ${db}.wide SETTINGS async_insert=0 VALUES (2)`,
  ],
  [
    'a body that was cut',
    33,
    'storage_unavailable',
    `INSERT INTO ${db}.t (i, s) SETTINGS async_insert=0 FORMAT RowBinary\nab`,
  ],
  [
    'no such table',
    60,
    'storage_unavailable',
    `INSERT INTO ${db}.nope SETTINGS async_insert=0 FORMAT JSONEachRow\n{}`,
  ],
  [
    'no such database',
    81,
    'storage_unavailable',
    'INSERT INTO nodb.t SETTINGS async_insert=0 FORMAT JSONEachRow\n{}',
  ],
  [
    'no such column',
    16,
    'storage_unavailable',
    `INSERT INTO ${db}.t (zz) SETTINGS async_insert=0 FORMAT JSONEachRow\n{}`,
  ],
  [
    'no such setting',
    115,
    'storage_unavailable',
    `INSERT INTO ${db}.t SETTINGS nope=1 FORMAT JSONEachRow\n{}`,
  ],
  ['a table that takes no rows', 48, 'storage_unavailable', 'INSERT INTO system.one VALUES (1)'],
  [
    'a user who may only read',
    164,
    'storage_unavailable',
    `INSERT INTO ${db}.t (i) SETTINGS readonly=1 VALUES (1)`,
  ],
  [
    'a table that is read-only',
    774,
    'storage_unavailable',
    `INSERT INTO ${db}.frozen SETTINGS async_insert=0 VALUES (1)`,
  ],
  [
    'no memory',
    241,
    'storage_unavailable',
    `INSERT INTO ${db}.t (a) SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage=1000000`,
  ],
  [
    'no time',
    159,
    'storage_unavailable',
    `INSERT INTO ${db}.t (i) SELECT sleepEachRow(0.1) FROM numbers(100) SETTINGS max_execution_time=0.3, max_block_size=1`,
  ],
  [
    'a shard that refuses connections',
    519,
    'storage_unavailable',
    `INSERT INTO ${db}.t (i) SELECT * FROM remote('127.0.0.1:1', system.one)`,
  ],
  [
    'a shard without an address',
    519,
    'storage_unavailable',
    `INSERT INTO ${db}.t (i) SELECT * FROM remote('no.such.host.invalid', system.one)`,
  ],
  [
    'no keeper',
    225,
    'storage_unavailable',
    `CREATE TABLE ${db}.r (i UInt8) ENGINE = ReplicatedMergeTree('/a', 'b') ORDER BY i`,
  ],
  [
    'no such cluster',
    701,
    'storage_unavailable',
    `CREATE TABLE ${db}.z ON CLUSTER nope (i UInt8) ENGINE = Memory`,
  ],
]

test.each(INSERTS)('insert: %s (%i) is %s', async (_label, code, wanted, query) => {
  const error = await errorOf(query)
  expect(clickhouseCode(error)).toBe(code)
  expect(meaning(error)).toBe(wanted)
  // What leaves is our text: the engine's quotes rows and statements.
  const { message } = insertError(error)
  expect(message).toMatch(/^ClickHouse [\w ,:.()]+$/)
})

test('a row that quotes another error is judged by its own', async () => {
  const spoof =
    'Code: 999. DB::Exception: x (KEEPER_EXCEPTION) while reading the value of key user_id: Too many parts'
  for (const json of [`{"u":"${spoof}"}`, `{"i":"${spoof}"}`, `{"${spoof}":1}`]) {
    const error = await errorOf(row(json))
    expect(meaning(error)).toBe('row')
    expect(insertError(error).message).not.toContain('KEEPER')
  }
})

const READS: readonly [label: string, code: string | number, query: string][] = [
  ['too many rows', 'query_too_expensive', 'SELECT count() FROM numbers(1000) SETTINGS max_rows_to_read=10'],
  [
    'too many bytes',
    'query_too_expensive',
    'SELECT sum(number) FROM numbers(100000) SETTINGS max_bytes_to_read=10',
  ],
  [
    'too large a set',
    'query_too_expensive',
    'SELECT 1 IN (SELECT number FROM numbers(100)) SETTINGS max_rows_in_set=5',
  ],
  [
    'too large an answer',
    'query_too_expensive',
    "SELECT number FROM numbers(100) SETTINGS max_result_rows=5, result_overflow_mode='throw'",
  ],
  [
    'too long',
    'query_too_expensive',
    'SELECT sum(sleepEachRow(0.1)) FROM numbers(100) SETTINGS max_execution_time=0.3, max_block_size=1',
  ],
  [
    'too much memory',
    'query_too_expensive',
    'SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage=1000000',
  ],
  ['a shard that is away', 'storage_unavailable', "SELECT * FROM remote('127.0.0.1:1', system.one)"],
  ['a mistake of ours stays one', '47', 'SELECT nope'],
]

test.each(READS)('read: %s is %s', async (_label, code, query) => {
  const sorted = queryError(await errorOf(query))
  expect(sorted).toMatchObject({ code })
  if (isAnalyticsError(sorted)) expect(sorted.message).not.toMatch(/SELECT|DB::/)
})

describe('answers that are none of the server’s: what became of the insert is unknown', () => {
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) server.closeAllConnections()
    for (const server of servers) server.close()
  })

  async function listen(listener: RequestListener): Promise<string> {
    const server = createServer(listener)
    servers.push(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const CASES: readonly [label: string, RequestListener][] = [
    ['the socket is cut before an answer', (request) => void request.socket.destroy()],
    ['the socket is reset', (request) => void request.socket.resetAndDestroy()],
    [
      'the answer is cut',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half')
        setTimeout(() => response.socket?.destroy(), 20)
      },
    ],
    ['nobody answers', () => {}],
    ['a proxy: 502', (_request, response) => void response.writeHead(502).end('<html>Bad Gateway</html>')],
    [
      'a proxy: 503',
      (_request, response) => void response.writeHead(503).end('<html>Service Unavailable</html>'),
    ],
    ['a proxy: 504 without a word', (_request, response) => void response.writeHead(504).end()],
    ['a proxy: 429', (_request, response) => void response.writeHead(429).end('slow down')],
    ['a proxy: 403', (_request, response) => void response.writeHead(403).end('<html>Forbidden</html>')],
    ['another service: 404', (_request, response) => void response.writeHead(404).end('Not found')],
    ['no HTTP', (request) => void request.socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ]

  async function failureOf(url: string): Promise<unknown> {
    const client = createClient({
      url,
      request_timeout: 300,
      keep_alive: { enabled: false },
      log: { level: ClickHouseLogLevel.OFF },
    })
    try {
      return await client.command({ query: 'INSERT INTO t VALUES (1)' }).then(
        () => undefined,
        (error: unknown) => error,
      )
    } finally {
      await client.close()
    }
  }

  test.each(CASES)('%s', async (label, listener) => {
    const error = await failureOf(await listen(listener))
    // A cut answer to a command may pass for a whole one; then the insert was done.
    if (error === undefined) expect(label).toBe('the answer is cut')
    else expect(insertError(error)).toMatchObject({ code: 'storage_unavailable', retryAfter: 5 })
  })

  test.each(['http://127.0.0.1:1', 'http://no.such.host.invalid:8123', 'https://127.0.0.1:1'])(
    '%s',
    async (url) => {
      expect(insertError(await failureOf(url))).toMatchObject({ code: 'storage_unavailable' })
    },
  )
})

test('the names are the engine’s own, and no code is in two lists', async () => {
  const all = [...CONTENT_CODES, ...AGAIN_CODES, ...SETUP_CODES]
  expect(new Set(all.map(([code]) => code)).size).toBe(all.length)
  const answer = await engine.writer.query({
    query: `SELECT arrayMap(code -> errorCodeToName(toUInt32(code)), [${all.map(([code]) => code).join(', ')}]) AS names`,
    format: 'JSONEachRow',
  })
  const [found] = await answer.json<{ names: string[] }>()
  // 252 goes by the other of its two meanings.
  const ours = all.map(([code, name]) => (code === 252 ? 'TOO_MANY_PARTS' : name))
  expect(found?.names).toEqual(ours)
})
