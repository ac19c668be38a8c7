import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toNodeHandler } from '@millimetric/adapters/node'
import { createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'
import { spawnClickhouseServer } from '../scripts/clickhouse-server.js'
import { figure } from './measure/figures.js'

const MIB = 1_048_576
const DAY = 86_400_000
const WARM_UP = 40_000

/**
 * Exports `--rows` events (1,000,000 by default) of ninety days in process and over HTTP, from the embedded engine and
 * from a server, and prints how much memory this process takes beyond what it had, and what early and late pages cost.
 */
export async function run(args: string[]): Promise<void> {
  const rows = Number(args[args.indexOf('--rows') + 1] ?? 0) || 1_000_000
  const path = mkdtempSync(join(tmpdir(), 'millimetric-export-'))
  const embedded = chdbEvents({ path })
  await embedded.migrate()
  const engine = await acquireEngine(path)
  await measure('embedded', embedded, rows, async (query) => void (await engine.writer.command({ query })))
  await engine.close()
  rmSync(path, { recursive: true, force: true })

  const server = await spawnClickhouseServer()
  const remote = clickhouseEvents({ url: server.url })
  await remote.migrate()
  await measure('server', remote, rows, async (query) => {
    const answer = await fetch(server.url, { method: 'POST', body: query })
    if (!answer.ok) throw new Error(await answer.text())
  })
  await server.close()
}

async function measure(
  name: string,
  store: EventStore,
  rows: number,
  command: (query: string) => Promise<void>,
): Promise<void> {
  const pages: number[] = []
  const events: EventStore = {
    ...store,
    async query(plan, options) {
      const began = performance.now()
      const answer = await store.query(plan, options)
      if (plan.kind === 'export') pages.push(performance.now() - began)
      return answer
    },
  }
  const analytics = createAnalytics({ events, keys: memoryKeys() })
  const { project, keys } = await analytics.projects.create({ slug: 'p' })
  await fill(rows, project.id, command)
  const http = createServer(toNodeHandler(analytics)).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1/export`

  const doors: [string, (most?: number) => Promise<number>][] = [
    [
      'in process',
      async (most = Number.POSITIVE_INFINITY) => {
        let count = 0
        for await (const _ of analytics.export()) if (++count >= most) break
        return count
      },
    ],
    ['over HTTP, ndjson', async (most) => await lines(url, keys.rk, most)],
    ['over HTTP, csv', async (most) => (await lines(`${url}?format=csv`, keys.rk, most)) - 1],
  ]
  for (const [door, work] of doors) {
    // Some pages first, so that what an engine keeps of every question is not counted: its caches, its threads.
    await work(WARM_UP)
    globalThis.gc?.()
    pages.length = 0
    const before = process.memoryUsage.rss()
    let peak = before
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss())
    }, 20)
    const began = performance.now()
    const count = await work()
    const seconds = (performance.now() - began) / 1000
    clearInterval(watch)
    const grown = (peak - before) / MIB
    const middle = (list: readonly number[]): string =>
      (list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0).toFixed(0)
    const tenth = Math.ceil(pages.length / 10)
    console.log(
      `${name}, ${door}: ${count} events in ${seconds.toFixed(1)} s (${Math.round(count / seconds)}/s), ` +
        `memory +${Math.round(grown)} MiB over ${Math.round(before / MIB)}; ` +
        `a page: first ${pages[0]?.toFixed(0)} ms, median of the first tenth ${middle(pages.slice(0, tenth))} ms, ` +
        `of the last tenth ${middle(pages.slice(-tenth))} ms`,
    )
    figure(`${name}, ${door}: memory on top`, grown, { atMost: 100 }, ' MiB')
    if (count !== rows) throw new Error(`${rows} events were stored`)
  }
  http.closeAllConnections()
  http.close()
  await analytics.close()
}

async function lines(url: string, key: string, most = Number.POSITIVE_INFINITY): Promise<number> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
  let count = 0
  for await (const chunk of answer.body ?? []) {
    for (const byte of chunk) if (byte === 10) count += 1
    if (count >= most) break
  }
  return count
}

async function fill(rows: number, project: string, command: (query: string) => Promise<void>): Promise<void> {
  const step = 200_000
  for (let from = 0; from < rows; from += step) {
    await command(`INSERT INTO millimetric.events
  (project_id, event_id, event_name, timestamp, received_at, anonymous_id, user_id, session_id, url, path, source, medium, properties)
SELECT '${project}', toString(generateUUIDv4()), '$pageview',
  now64(3, 'UTC') - toIntervalMillisecond((number * 7919077) % ${90 * DAY} + 60000) AS at, at,
  concat('visitor-', toString(number % 20000)) AS visitor, '', concat(visitor, '-', toString(intDiv(toUnixTimestamp(at), 1800))),
  concat('https://shop.test/products/', toString(number % 1000), '?utm_source=google'), concat('/products/', toString(number % 1000)),
  'google', 'organic', concat('{"price":', toString(number % 100), ',"plan":"pro","title":"', repeat('x', 200), '"}')
FROM numbers(${from}, ${Math.min(step, rows - from)}) SETTINGS insert_deduplication_token='${randomUUID()}', max_partitions_per_insert_block=0`)
  }
}
