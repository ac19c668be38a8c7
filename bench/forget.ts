import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { chdbEvents } from '@millimetric/core/chdb'
import { acquireEngine } from '../packages/core/src/stores/chdb/engine.js'

const PROJECT = '11111111-1111-4111-8111-111111111111'
const DAY = 86_400_000

/**
 * Erases one person, then fifty, then four hundred from a store of a year (`--rows`, 2,000,000 by default: 20,000 visitors,
 * 500 users), and prints how long it takes until nothing is left, beyond the wait for writers. Then one retention run.
 */
export async function run(args: string[]): Promise<void> {
  const rows = Number(args[args.indexOf('--rows') + 1] ?? 0) || 2_000_000
  const path = mkdtempSync(join(tmpdir(), 'millimetric-forget-'))
  const store = chdbEvents({ path })
  await store.migrate()
  const engine = await acquireEngine(path)
  await fill(rows, async (query) => void (await engine.writer.command({ query })))
  const parts = await engine.writer.query({
    query: `SELECT table, sum(rows) AS rows, count() AS parts FROM system.parts WHERE database = 'millimetric' AND active GROUP BY table ORDER BY table`,
    format: 'JSONEachRow',
  })
  console.table(await parts.json())

  const erase = async (people: readonly string[]): Promise<void> => {
    const requests = people.map((user_id) => ({
      id: randomUUID(),
      project_id: PROJECT,
      user_id,
      anonymous_id: '',
      until: Date.now(),
    }))
    const selectors = requests.map(
      ({ id }) => ({ kind: 'person', erasure_id: id, project_id: PROJECT }) as const,
    )
    const start = performance.now()
    const cpu = process.cpuUsage()
    await store.noteErasures(requests)
    const traces = await store.tracesOf(requests.map(({ id }) => id))
    const noted = performance.now()
    const receipt = await store.purge(selectors)
    const purged = performance.now()
    const left = await store.survivors(selectors)
    const end = performance.now()
    const { user, system } = process.cpuUsage(cpu)
    const events = [...receipt.values()].reduce((sum, counts) => sum + (counts.events ?? 0), 0)
    console.log(
      `${people.length} people: ${traces.length} traces, ${events} events; noted ${seconds(noted - start)}, ` +
        `deleted ${seconds(purged - noted)}, counted ${seconds(end - purged)}, in all ${seconds(end - start)} ` +
        `(CPU ${seconds((user + system) / 1000)}, load ${loadavg()[0]?.toFixed(1)}); ` +
        `left: ${JSON.stringify(left)}`,
    )
  }
  await erase(['user-70'])
  await erase(Array.from({ length: 50 }, (_, n) => `user-${100 + 10 * n}`))
  await erase(Array.from({ length: 400 }, (_, n) => `user-${1000 + 10 * n}`))

  const start = performance.now()
  const before = Math.floor((Date.now() - 90 * DAY) / 1_800_000) * 1_800_000
  const receipt = await store.purge([{ kind: 'retention', project_id: PROJECT, before }])
  console.log(
    `retention to 90 days: ${seconds(performance.now() - start)}, ${JSON.stringify([...receipt.values()])}`,
  )
  await engine.close()
  await store.close()
  rmSync(path, { recursive: true, force: true })
}

/** A tenth of the visitors belong to a user each four; they identify in each of their events. */
async function fill(rows: number, command: (query: string) => Promise<void>): Promise<void> {
  const step = 200_000
  for (let from = 0; from < rows; from += step) {
    await command(`INSERT INTO millimetric.events
  (project_id, event_id, event_name, timestamp, received_at, anonymous_id, user_id, session_id, url, path, source, medium)
SELECT '${PROJECT}', toString(generateUUIDv4()), if(number % 10 = 0, '$identify', '$pageview'),
  now64(3, 'UTC') - toIntervalSecond((number * 7919) % 31536000 + 60) AS at, at,
  concat('visitor-', toString(number % 20000)) AS visitor, if(number % 10 = 0, concat('user-', toString(number % 5000)), ''),
  concat(visitor, '-', toString(intDiv(toUnixTimestamp(at), 1800))), 'https://shop.test/', '/', 'google', 'organic'
FROM numbers(${from}, ${Math.min(step, rows - from)}) SETTINGS insert_deduplication_token='${randomUUID()}', max_partitions_per_insert_block=0`)
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
