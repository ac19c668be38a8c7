import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ClickHouseLogLevel, createClient, TupleParam } from '@clickhouse/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../clickhouse-server.js'

type Client = ReturnType<typeof createClient>
type Options = Parameters<typeof createClient>[0]

let server: ClickhouseServer
let client: Client
const opened: Client[] = []

function connect(options: Options = {}): Client {
  const made = createClient({ url: server.url, log: { level: ClickHouseLogLevel.OFF }, ...options })
  opened.push(made)
  return made
}

async function rows(
  query: string,
  query_params: Record<string, unknown> = {},
  by: Client = client,
): Promise<unknown[]> {
  const result = await by.query({ query, query_params, format: 'JSONEachRow' })
  return result.json()
}

const HOSTILE = [
  "it's",
  'a\\b',
  "\\'); DROP TABLE t; --",
  'tab\tnewline\nreturn\r',
  'nul\0end',
  '{x:String}',
  '\\N',
  'ünï😀',
  '',
  ' ',
  '%00&param_x=1',
  '[1]',
]

beforeAll(async () => {
  server = await spawnClickhouseServer()
  client = connect()
})

beforeEach(async () => {
  await server.clearFaults()
  await client.command({ query: 'DROP TABLE IF EXISTS t' })
  await client.command({
    query: `CREATE TABLE t (id Int64, name String) ENGINE = MergeTree ORDER BY id
      SETTINGS non_replicated_deduplication_window = 100`,
  })
})

afterAll(async () => {
  await Promise.all(opened.map((made) => made.close()))
  await server.close()
})

describe('statements', () => {
  it('answers ping in both ways', async () => {
    expect(await client.ping()).toEqual({ success: true })
    expect(await client.ping({ select: true })).toEqual({ success: true })
    expect(await (await fetch(`${server.url}/ping`)).text()).toBe('Ok.\n')
  })

  it('takes as much of an address as a server does, and refuses more in the same words', async () => {
    const ask = async (values: Record<string, string>): Promise<[number, string]> => {
      const address = `${server.url}/?query=SELECT+1&${new URLSearchParams(values)}`
      const answer = await fetch(address, { method: 'POST' })
      return [answer.status, (await answer.text()).replace(/ \(version .*/s, '').trim()]
    }
    const refused = (why: string): [number, string] => [
      500,
      `Poco::Exception. Code: 1000, e.code() = 0, HTML Form Exception: ${why}`,
    ]
    const field = (count: number): [string, string] => [`param_p${count}`, 'x']
    expect(await ask({ param_a: 'x'.repeat(131_072) })).toEqual([200, '1'])
    expect(await ask({ param_a: 'x'.repeat(131_073) })).toEqual(refused('Field value too long'))
    expect(await ask({ param_a: ','.repeat(50_000) })).toEqual(refused('Field value too long'))
    expect(await ask(Object.fromEntries(Array.from({ length: 999 }, (_, n) => field(n))))).toEqual([200, '1'])
    expect(await ask(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => field(n))))).toEqual(
      refused('Too many form fields'),
    )
    const long = Array.from({ length: 9 }, (_, n) => [`param_p${n}`, 'x'.repeat(120_000)])
    expect(await ask(Object.fromEntries(long))).toEqual([400, ''])
  })

  it('inserts rows and counts them in the summary', async () => {
    const values = HOSTILE.map((name, id) => ({ id, name }))
    const { summary } = await client.insert({ table: 't', values, format: 'JSONEachRow' })
    expect(summary?.written_rows).toBe(String(values.length))
    expect(await rows('SELECT toInt32(id) AS id, name FROM t ORDER BY t.id')).toEqual(values)
  })

  it('accepts an INSERT with its rows in the body of a command, or beside it in exec', async () => {
    await client.command({
      query: 'INSERT INTO t FORMAT JSONEachRow\n{"id":1,"name":"a;b\'"}\n{"id":2,"name":"c"}',
    })
    await client.command({ query: "INSERT INTO t VALUES (3, 'd;e')" })
    const { stream } = await client.exec({
      query: "INSERT INTO t (id, name) SETTINGS insert_deduplication_token = 'x' FORMAT JSONEachRow",
      values: Readable.from(['{"id":4,', '"name":"f"}\n']),
    })
    stream.resume()
    const { summary } = await client.command({ query: 'INSERT INTO t SELECT id + 10, name FROM t' })
    expect(summary?.written_rows).toBe('4')
    expect(await rows('SELECT count() AS n FROM t')).toEqual([{ n: 8 }])
  })

  it('takes an INSERT without rows as nothing to do', async () => {
    await client.exec({
      query: 'INSERT INTO t FORMAT JSONEachRow',
      values: Readable.from([]),
    })
    expect(await rows('SELECT count() AS n FROM t')).toEqual([{ n: 0 }])
  })

  it('reads a statement from the URL, and refuses to write for GET', async () => {
    const get = (query: string): Promise<Response> =>
      fetch(`${server.url}/?${new URLSearchParams({ query })}`)
    const read = await get('SELECT 1, 2')
    expect(await read.text()).toBe('1\t2\n')
    expect(read.headers.get('x-clickhouse-format')).toBe('TabSeparated')
    const write = await get("INSERT INTO t VALUES (1, 'a')")
    expect(write.headers.get('x-clickhouse-exception-code')).toBe('164')
  })

  it('answers in the format of the statement, else in the default format', async () => {
    const post = (query: string): Promise<Response> =>
      fetch(`${server.url}/?default_format=CSV`, { method: 'POST', body: query })
    const stated = await post('SELECT 1 AS x FORMAT JSONEachRow')
    expect([await stated.text(), stated.headers.get('x-clickhouse-format')]).toEqual([
      '{"x":1}\n',
      'JSONEachRow',
    ])
    expect(await (await post("SELECT 'FORMAT TSV'")).text()).toBe('"FORMAT TSV"\n')
  })

  it('uses the database of the client', async () => {
    await client.command({ query: 'CREATE DATABASE IF NOT EXISTS `odd name`' })
    expect(await rows('SELECT currentDatabase() AS d', {}, connect({ database: 'odd name' }))).toEqual([
      { d: 'odd name' },
    ])
    expect(await rows('SELECT currentDatabase() AS d')).toEqual([{ d: 'default' }])
  })

  it('keeps a session for its temporary tables, and no other sees them', async () => {
    const session = connect({ session_id: 's1' })
    await session.command({ query: 'CREATE TEMPORARY TABLE mine (x Int32)' })
    expect(await rows('SELECT count() AS n FROM mine', {}, session)).toEqual([{ n: 0 }])
    await expect(rows('SELECT count() AS n FROM mine')).rejects.toMatchObject({ type: 'UNKNOWN_TABLE' })
  })
})

describe('parameters', () => {
  it.each(HOSTILE)('brings back the string %j', async (value) => {
    expect(await rows('SELECT {v:String} AS v, length({v:String}) AS n', { v: value })).toEqual([
      { v: value, n: Buffer.byteLength(value) },
    ])
  })

  it.each(['url', 'multipart'])('brings back arrays, numbers, dates and uuids (%s)', async (way) => {
    const by = connect({ use_multipart_params: way === 'multipart' })
    const uuid = '0198c5a0-1b2c-7d3e-8f40-123456789abc'
    const query = `SELECT {s:Array(String)} AS s, {i:Array(Int64)} AS i, {u:UUID} AS u, toUnixTimestamp64Milli({d:DateTime64(3)}) AS d,
      {t:DateTime64(3, 'UTC')} AS t, {o:Nullable(String)} AS o, {m:Map(String, String)} AS m, {p:Tuple(Int32, String)} AS p, {us:Array(UUID)} AS us`
    const params = {
      s: HOSTILE,
      i: [0, -1, 9007199254740993n],
      u: uuid,
      d: new Date('2026-01-02T03:04:05.678Z'),
      t: '2026-01-02 03:04:05.678',
      o: null,
      m: { "k'": 'v\n' },
      p: new TupleParam([1, "a'b"]),
      us: [uuid],
    }
    const result = await by.query({
      query,
      query_params: params,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    })
    expect(await result.json()).toEqual([
      {
        s: HOSTILE,
        i: ['0', '-1', '9007199254740993'],
        u: uuid,
        d: '1767323045678',
        t: '2026-01-02 03:04:05.678',
        o: null,
        m: { "k'": 'v\n' },
        p: [1, "a'b"],
        us: [uuid],
      },
    ])
  })

  it('binds identifiers, and long arrays beyond 16 KiB of URL', async () => {
    const ids = Array.from({ length: 2000 }, (_, id) => `id-${id}-${'x'.repeat(10)}`)
    const query =
      'SELECT length({ids:Array(String)}) AS n FROM {table:Identifier} RIGHT JOIN (SELECT 1) AS one ON 1 = 1'
    expect(await rows(query, { ids, table: 't' })).toEqual([{ n: 2000 }])
  })

  it('binds in an INSERT', async () => {
    await client.command({
      query: 'INSERT INTO t SELECT {id:Int64}, {name:String}',
      query_params: { id: 7, name: "x'y" },
    })
    expect(await rows('SELECT name FROM t WHERE id = 7')).toEqual([{ name: "x'y" }])
  })

  it('keeps values apart in 200 requests at once', async () => {
    const values = Array.from({ length: 200 }, (_, index) => `v${index}`)
    const all = await Promise.all(
      values.map((v) => rows('SELECT {v:String} AS v FROM numbers(1000) GROUP BY v', { v })),
    )
    expect(all).toEqual(values.map((v) => [{ v }]))
  })
})

describe('isolation', () => {
  it('lets no setting reach another request', async () => {
    const setting = "SELECT getSetting('max_block_size') AS n"
    const [before] = await rows(setting)
    const own = await client.query({
      query: setting,
      format: 'JSONEachRow',
      clickhouse_settings: { max_block_size: '1234' },
    })
    expect(await own.json()).toEqual([{ n: 1234 }])
    await client.command({ query: 'SET max_block_size = 77' })
    for (let turn = 0; turn < 20; turn += 1) expect(await rows(setting)).toEqual([before])
  })

  it('lets no parameter reach another request', async () => {
    await rows('SELECT {secret:String} AS s', { secret: 'mine' })
    await expect(rows('SELECT {secret:String} AS s')).rejects.toMatchObject({
      type: 'UNKNOWN_QUERY_PARAMETER',
    })
  })

  it('lets no deduplication token reach another insert', async () => {
    const insert = (id: number, token?: string): Promise<unknown> =>
      client.insert({
        table: 't',
        values: [{ id, name: 'a' }],
        format: 'JSONEachRow',
        ...(token ? { clickhouse_settings: { insert_deduplication_token: token } } : {}),
      })
    await insert(1, 'token')
    await insert(2, 'token')
    await insert(3)
    await insert(4)
    await client.command({
      query:
        'INSERT INTO t SETTINGS insert_deduplication_token = \'other\' FORMAT JSONEachRow\n{"id":5,"name":"a"}',
    })
    await insert(6)
    expect(await rows('SELECT toInt32(t.id) AS id FROM t ORDER BY id')).toEqual(
      [1, 3, 4, 5, 6].map((id) => ({ id })),
    )
  })
})

describe('compression', () => {
  it('reads gzip requests and writes gzip responses', async () => {
    const both = connect({ compression: { request: true, response: true } })
    const values = Array.from({ length: 5000 }, (_, id) => ({ id, name: `name ${id}` }))
    await both.insert({ table: 't', values, format: 'JSONEachRow' })
    expect(await rows('SELECT toInt32(t.id) AS id, name FROM t ORDER BY id', {}, both)).toEqual(values)
    await expect(rows('SELECT * FROM nope', {}, both)).rejects.toMatchObject({ code: '60' })
  })

  it('compresses only when asked by setting and header', async () => {
    const encoding = async (path: string, accept: string): Promise<string | null> =>
      (
        await fetch(`${server.url}${path}`, {
          method: 'POST',
          body: 'SELECT 1',
          headers: { 'accept-encoding': accept },
        })
      ).headers.get('content-encoding')
    expect(await encoding('/?enable_http_compression=1', 'gzip')).toBe('gzip')
    expect(await encoding('/', 'gzip')).toBe(null)
    expect(await encoding('/?enable_http_compression=1', 'identity')).toBe(null)
  })
})

describe('errors', () => {
  it.each([
    ['SELECT * FROM nope', 404, '60', 'UNKNOWN_TABLE'],
    ['SELECT nope', 404, '47', 'UNKNOWN_IDENTIFIER'],
    ['SELEC 1', 400, '62', 'SYNTAX_ERROR'],
    ['SELECT 1; SELECT 2', 400, '62', 'SYNTAX_ERROR'],
    ['SELECT 1 SETTINGS nope = 1', 404, '115', 'UNKNOWN_SETTING'],
    ['SELECT * FROM nope.t', 404, '81', 'UNKNOWN_DATABASE'],
    ['SELECT count() FROM numbers(1000000000) SETTINGS max_rows_to_read = 1000', 500, '158', 'TOO_MANY_ROWS'],
    [
      'SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 1, max_block_size = 1',
      408,
      '159',
      'TIMEOUT_EXCEEDED',
    ],
    ['INSERT INTO t FORMAT JSONEachRow\n{"id":"x"}', 400, '27', 'CANNOT_PARSE_INPUT_ASSERTION_FAILED'],
    ['INSERT INTO t FORMAT JSONEachRow\n{"id":1,"other":2}', 400, '117', 'INCORRECT_DATA'],
  ])('%s → %i', async (query, status, code, type) => {
    const response = await fetch(`${server.url}/?input_format_skip_unknown_fields=0`, {
      method: 'POST',
      body: query,
    })
    const body = await response.text()
    expect(response.headers.get('x-clickhouse-exception-code')).toBe(code)
    expect(body).toMatch(
      new RegExp(
        `^Code: ${code}\\. DB::Exception: [\\s\\S]*\\(${type}\\) \\(version 26\\.7\\.[0-9.]+\\)\\n$`,
      ),
    )
    expect(response.status).toBe(status)
    await expect(
      client.command({ query, clickhouse_settings: { input_format_skip_unknown_fields: 0 } }),
    ).rejects.toMatchObject({ code, type })
  })

  it('refuses a wrong password with 403', async () => {
    const guarded = await spawnClickhouseServer({ password: 'right' })
    const ask = (password: string): Promise<unknown> =>
      rows('SELECT 1 AS x', {}, connect({ url: guarded.url, password }))
    await expect(ask('wrong')).rejects.toMatchObject({ type: 'AUTHENTICATION_FAILED' })
    expect(await ask('right')).toEqual([{ x: 1 }])
    await guarded.close()
  })

  it('kills a running query by its id, and no other', async () => {
    const slow = (query_id: string): Promise<unknown> =>
      client.query({
        query: 'SELECT sleepEachRow(0.5) FROM numbers(6) SETTINGS max_block_size = 1',
        query_id,
      })
    const killed = expect(slow('kill-me')).rejects.toMatchObject({ type: 'QUERY_WAS_CANCELLED' })
    const spared = slow('spare-me')
    let found: unknown[] = []
    while (found.length === 0) {
      found = await rows("SELECT 1 FROM system.processes WHERE query LIKE '/*query_id:kill-me*/%'")
    }
    await client.command({
      query: 'KILL QUERY WHERE query_id = {id:String} SYNC',
      query_params: { id: 'kill-me' },
    })
    await killed
    await expect(spared).resolves.toBeDefined()
  })
})

describe('connections and faults', () => {
  it('reuses a socket, and survives that the server dropped it while idle', async () => {
    const short = await spawnClickhouseServer({ keepAliveMs: 2000 })
    const one = connect({
      url: short.url,
      max_open_connections: 1,
      keep_alive: { enabled: true, idle_socket_ttl: 500 },
    })
    for (let turn = 0; turn < 5; turn += 1) await rows('SELECT 1', {}, one)
    expect(await short.stats()).toMatchObject({ connections: 1, statements: 5 })
    await new Promise((done) => setTimeout(done, 2500))
    await rows('SELECT 1', {}, one)
    expect(await short.stats()).toMatchObject({ connections: 2, statements: 6 })
    await short.close()
  })

  it('drops an idle socket after its time', async () => {
    const short = await spawnClickhouseServer({ keepAliveMs: 200 })
    const closed = new Promise<number>((done, failed) => {
      const call = request(`${short.url}/ping`, { headers: { connection: 'keep-alive' } }, (response) => {
        response.resume()
        const started = Date.now()
        response.socket.once('close', () => done(Date.now() - started))
      })
      call.once('error', failed).end()
    })
    expect(await closed).toBeLessThan(2500)
    await short.close()
  })

  const insertOne = (token: string): Promise<unknown> =>
    client.command({
      query: `INSERT INTO t SETTINGS insert_deduplication_token = '${token}' FORMAT JSONEachRow\n{"id":1,"name":"a"}`,
    })
  const stored = async (): Promise<unknown> => (await rows('SELECT count() AS n FROM t'))[0]

  it('loses an acknowledgement after storing the rows; the same token brings no second copy', async () => {
    await server.fault({ mode: 'cut_ack', match: 'INSERT' })
    await expect(insertOne('lost')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await stored()).toEqual({ n: 1 })
    await insertOne('lost')
    expect(await stored()).toEqual({ n: 1 })
  })

  it('refuses before running, as many times as told', async () => {
    await server.fault({ mode: 'refuse', times: 2, match: 'INSERT' })
    await expect(insertOne('a')).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(insertOne('a')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await stored()).toEqual({ n: 0 })
    await insertOne('a')
    expect(await stored()).toEqual({ n: 1 })
  })

  it('answers with an error of any code', async () => {
    await server.fault({ mode: 'error', match: 'INSERT' })
    await expect(insertOne('a')).rejects.toMatchObject({ code: '202', type: 'TOO_MANY_SIMULTANEOUS_QUERIES' })
    await server.fault({ mode: 'error', status: 500, code: 252, name: 'TOO_MANY_PARTS', match: 'INSERT' })
    await expect(insertOne('a')).rejects.toMatchObject({ code: '252', type: 'TOO_MANY_PARTS' })
    expect(await stored()).toEqual({ n: 0 })
  })

  it('hangs until the client gives up', async () => {
    const hasty = connect({ request_timeout: 200 })
    await server.fault({ mode: 'hang', match: 'SELECT 42' })
    await expect(rows('SELECT 42', {}, hasty)).rejects.toThrow(/Timeout/)
    await server.fault({ mode: 'hang_ack', match: 'INSERT' })
    await expect(hasty.command({ query: "INSERT INTO t VALUES (1, 'a')" })).rejects.toThrow(/Timeout/)
    expect(await stored()).toEqual({ n: 1 })
  })

  it('keeps its data over a restart', async () => {
    const path = await mkdtemp(join(tmpdir(), 'millimetric-restart-'))
    const first = await spawnClickhouseServer({ path })
    const before = connect({ url: first.url })
    await before.command({ query: 'CREATE TABLE kept (x Int32) ENGINE = MergeTree ORDER BY x' })
    await before.command({ query: 'INSERT INTO kept VALUES (5)' })
    await first.close()
    const second = await spawnClickhouseServer({ path })
    expect(await rows('SELECT x FROM kept', {}, connect({ url: second.url }))).toEqual([{ x: 5 }])
    await second.close()
    await rm(path, { recursive: true })
  })
})
