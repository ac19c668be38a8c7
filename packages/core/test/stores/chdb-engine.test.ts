import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { threadPriorities } from '../../src/stores/chdb/thread-priority.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import { identifier } from '../../src/stores/clickhouse/client.js'
import { stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const database = freshDatabase()
const store = chdbEvents({ path: CHDB_PATH, database })
let engine: Connections

beforeAll(async () => {
  await store.migrate()
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => {
  await engine.close()
  await store.close()
})

async function rows<T>(client: Connections['writer'], query: string): Promise<T[]> {
  return await (await client.query({ query, format: 'JSONEachRow' })).json<T>()
}

/** Priorities ("nice") of this process' threads of that name, in these states. */
function priorities(name: string, states: string): number[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    try {
      const stat = readFileSync(`/proc/self/task/${task}/stat`, 'utf8')
      const [state = '', priority] = [0, 16].map((n) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[n])
      return states.includes(state) && stat.includes(`(${name})`) ? [Number(priority)] : []
    } catch {
      // It has ended.
      return []
    }
  })
}

/** The usual one while a statement ran, whatever came of it: a thread names its work a little before its priority. */
async function priorityOf(client: Connections['writer'], query: string): Promise<number | undefined> {
  const seen: number[] = []
  let running = true
  const end = (): void => {
    running = false
  }
  const ended = rows(client, query).then(end, end)
  while (running) {
    seen.push(...priorities('QueryPipelineEx', 'R'))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await ended
  return seen.sort((a, b) => a - b)[seen.length >> 1]
}

test.skipIf(threadPriorities().reports.length === 0)(
  'a report gives way to inserts and to this process, also after one that failed',
  async () => {
    const { writer, readers } = engine
    const long = 'SELECT uniqExact(cityHash64(number)) AS n FROM numbers_mt(12000000) SETTINGS max_threads=4'
    const failing = long.replace('(number)', "(throwIf(number > 11000000, 'no'))")
    for (const report of [failing, long]) {
      expect(await priorityOf(readers[0], report)).toBe(19)
      expect(await priorityOf(writer, long)).toBe(1)
    }
  },
)

test.skipIf(!threadPriorities().areSet)(
  'merges give way while a question takes long, and no longer',
  async () => {
    const [reader] = engine.readers
    const merges = (): number[] => [...new Set(priorities('MergeMutate', 'RSD'))]
    const pause = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms))
    // Other tests of this file have left no question behind.
    expect(merges()).toEqual([0])
    await rows(reader, 'SELECT 1')
    await pause(200)
    expect(merges()).toEqual([0])
    const asked = [2, 1].map(async (seconds) => await rows(reader, `SELECT sleep(${seconds})`))
    await expect.poll(merges).toEqual([19])
    await asked[1]
    await pause(50)
    // The longer one is still there.
    expect(merges()).toEqual([19])
    await asked[0]
    await expect.poll(merges).toEqual([0])
  },
)

test('a look at threads that fails ends no process', () => {
  const source = `
    import { openSync } from 'node:fs'
    import { mergesGiveWay } from '../../src/stores/chdb/thread-priority.js'
    const restore = mergesGiveWay()
    try {
      for (;;) openSync('/dev/null')
    } catch (error) {
      console.log(error.code)
    }
    setTimeout(() => {
      restore()
      console.log('alive')
    }, 300)
  `
  expect(inAnotherProcess(source, 'ulimit -n 256; exec "$0" "$@"')).toBe('EMFILE\nalive\n')
})

const count = stats({ from: TEST_NOON - 1, to: TEST_NOON + 1 })

test('no setting and no token of a statement reaches the next one', async () => {
  const db = identifier(database)
  const { writer, readers } = engine
  await writer.command({
    query: `CREATE TABLE ${db}.other (n UInt8) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100`,
  })
  const changed = 'SELECT name, value FROM system.settings WHERE changed ORDER BY name'
  // Each of the two connections behind a reader answers one of two questions at once.
  const connections = [writer, ...readers, ...readers]
  const before = await Promise.all(connections.map((client) => rows(client, changed)))
  await store.insert({ token: 'token-1', events: [storedEvent({ event_id: 'a' })] })
  for (let n = 0; n < connections.length; n++) await store.query<'stats'>(count)
  const after = await Promise.all(connections.map((client) => rows(client, changed)))
  expect(after).toEqual(before)
  // Had the token stayed, the second of two different inserts into another table would have been swallowed.
  for (const n of [1, 2, 3]) await writer.command({ query: `INSERT INTO ${db}.other VALUES (${n})` })
  expect(await rows(writer, `SELECT n FROM ${db}.other ORDER BY n`)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  await store.insert({ token: 'token-2', events: [storedEvent({ event_id: 'b' })] })
  expect((await store.query<'stats'>(count)).rows[0]?.values[0]).toBe(2)
})

test('a value bound in one statement is bound in no other', async () => {
  const { writer, readers } = engine
  const ask = async (client: Connections['writer'], query: string, query_params = {}): Promise<unknown[]> =>
    await (await client.query({ query, query_params, format: 'JSONEachRow' })).json()
  for (const client of [writer, ...readers, ...readers]) {
    expect(await ask(client, 'SELECT {project:String} AS p', { project: 'tenant-A' })).toEqual([
      { p: 'tenant-A' },
    ])
    await expect(ask(client, 'SELECT {project:String} AS p')).rejects.toThrow(/binds no value for project/)
    await expect(ask(client, "SELECT '{a:Int}', { project : String }", { p: 1 })).rejects.toThrow(
      /for project/,
    )
    await expect(client.command({ query: 'SELECT /* { */ {project:String}' })).rejects.toThrow(/for project/)
  }
  // Text that only looks like it is no parameter: literals, names, comments and rows of an insert.
  const db = identifier(database)
  await writer.command({ query: `CREATE TABLE ${db}.texts (s String) ENGINE = MergeTree ORDER BY s` })
  const text = `it's "{project:String}" \\ {project:String}`
  await writer.command({
    query: `INSERT INTO ${db}.texts SETTINGS async_insert=0 FORMAT JSONEachRow\n${JSON.stringify({ s: text })}`,
  })
  expect(
    await ask(
      writer,
      `SELECT s, 'it\\'s {project:String}' AS \`{project:String}\`, '''{project:String}' AS b -- {project:String}
FROM ${db}.texts WHERE s = {text:String} /* {project:String} */`,
      { text },
    ),
  ).toEqual([{ s: text, '{project:String}': "it's {project:String}", b: "'{project:String}" }])
})

test('a long report does not stand in the way of an insert', async () => {
  const [reader] = engine.readers
  let reportDone = false
  // Would take an hour, and is ended below.
  const report = rows(reader, 'SELECT sleepEachRow(1) FROM numbers(3600) SETTINGS max_block_size=1')
  const ended = expect(report.finally(() => (reportDone = true))).rejects.toThrow(/cancelled|killed/i)
  await store.insert({ token: 'token-beside', events: [storedEvent({ event_id: 'beside' })] })
  expect(reportDone).toBe(false)
  await engine.quick?.command({ query: "KILL QUERY WHERE query LIKE 'SELECT sleepEachRow%' SYNC" })
  await ended
})

test('one path is shared in a process, also by a module that is loaded again', async () => {
  const reloaded = `${new URL('../../src/stores/chdb/engine.ts', import.meta.url).pathname}?reloaded`
  const again: typeof import('../../src/stores/chdb/engine.js') = await import(/* @vite-ignore */ reloaded)
  expect(again.acquireEngine).not.toBe(acquireEngine)
  const second = await again.acquireEngine(CHDB_PATH)
  expect(second.writer).toBe(engine.writer)
  await second.close()
  await second.close()
  expect(await rows(engine.writer, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a second path in the process is refused with what to do', async () => {
  const other = chdbEvents({ path: mkdtempSync(join(tmpdir(), 'millimetric-second-')) })
  await expect(other.query<'stats'>(count)).rejects.toMatchObject({
    code: 'store_in_use',
    message: expect.stringMatching(/one data directory per process.*clickhouseEvents/s),
  })
})

/** Runs a module in a process of its own and gives back what it prints. */
function inAnotherProcess(source: string, start = 'exec "$0" "$@"'): string {
  const { stdout, stderr } = spawnSync(
    'sh',
    [
      ...['-c', start, process.execPath, '--conditions=@millimetric/source', '--import', 'tsx'],
      ...['--input-type=module', '--eval', source],
    ],
    { encoding: 'utf8', cwd: import.meta.dirname },
  )
  return stdout + stderr
}

test('a second process on the path is refused with what to do', () => {
  const printed = inAnotherProcess(`
    import { chdbEvents } from '@millimetric/core/chdb'
    const store = chdbEvents({ path: ${JSON.stringify(CHDB_PATH)} })
    store.migrate().then(() => console.log('opened'), (error) => console.log(error.code, error.message))
  `)
  expect(printed).toMatch(/^store_in_use .*another process.*--url/s)
})

test('without the engine installed the error names the command and the platforms', () => {
  const printed = inAnotherProcess(`
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(
      'export const resolve = (name, context, next) => { if (name.startsWith("chdb")) throw new Error("absent"); return next(name, context) }'
    ))
    const { chdbEvents } = await import('@millimetric/core/chdb')
    const store = chdbEvents({ path: ${JSON.stringify(join(tmpdir(), 'never'))} })
    store.migrate().catch((error) => console.log(error.code, error.message))
  `)
  expect(printed).toMatch(/^missing_dependency .*npm install chdb @clickhouse\/client.*Linux.*macOS/s)
})

test('what was stored is there after a restart', () => {
  const path = mkdtempSync(join(tmpdir(), 'millimetric-restart-'))
  const run = (body: string): string =>
    inAnotherProcess(`
      import { chdbEvents } from '@millimetric/core/chdb'
      import { storedEvent } from '@millimetric/core/testing'
      const store = chdbEvents({ path: ${JSON.stringify(path)} })
      ${body}
      await store.close()
    `)
  run(`await store.insert({ token: 't', events: [storedEvent({ event_id: 'kept' })] })`)
  const printed = run(
    `console.log([...await store.known([{ project_id: '${TEST_PROJECT}', event_id: 'kept' }])].length)`,
  )
  expect(printed.trim()).toBe('1')
})
