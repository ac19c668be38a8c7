import { createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { acquireEngine } from '../../packages/core/src/stores/chdb/engine.js'
import type { Connections } from '../../packages/core/src/stores/clickhouse/client.js'
import { createEventStore, ROLLUP_FROM_ROWS } from '../../packages/core/src/stores/clickhouse/event-store.js'
import { QUERY_LIMITS } from '../../packages/core/src/stores/clickhouse/reader.js'
import { ask, command } from '../measure/engine.js'
import { figure } from '../measure/figures.js'
import { race } from '../measure/race.js'
import { noteSweep } from './fill.js'

const PARTS = 50
const CLIENTS = 24
const BATCH = 1000
const ROUNDS = 15

/**
 * Throughput of batches with and without looking for ids that are stored already: as the embedded engine does, which knows
 * most new ids for new, and as it would on a server, where each id is looked up.
 */
export async function benchDedup(engine: Connections, path: string, ids: number): Promise<void> {
  const database = 'bench_dedup'
  const store = chdbEvents({ path, database })
  await store.migrate()
  const server = lookingUp(path, database)
  const open = (events: EventStore): ReturnType<typeof createAnalytics> =>
    createAnalytics({
      events: { ...events, close: async () => {} },
      keys: memoryKeys(),
      delivery: { flushIntervalMs: 5 },
    })
  const all = {
    off: open({ ...server, known: async () => new Map<string, number>() }),
    lookups: open(server),
    on: open(store),
  }
  for (const [slug, analytics] of Object.entries(all)) {
    const { project } = await analytics.projects.create({ slug })
    await fillIds(engine, database, project.id, ids)
  }
  await noteSweep(engine, database)
  await mergesRest(engine, database)
  const parts = await ask<{ parts: number; rows: number }>(
    engine,
    `SELECT count() AS parts, sum(rows) AS rows FROM system.parts WHERE database = '${database}' AND table = 'event_ids' AND active`,
  )
  console.log(`event_ids, all projects: ${JSON.stringify(parts)}`)
  let next = 0
  const send = async (to: ReturnType<typeof createAnalytics>, clients: number): Promise<void> => {
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        // Clients come one after the other, as clients do: some wait while others are inserted.
        await new Promise((resolve) => setTimeout(resolve, client * 10))
        const batch = Array.from({ length: BATCH }, () => {
          next += 1
          return {
            event: '$pageview',
            event_id: `new-${next}`,
            anonymous_id: `v${next % 500}`,
            url: 'https://shop.test/a',
          }
        })
        const { count } = await to.batch(batch)
        if (count !== BATCH) throw new Error(`${count} of ${BATCH} stored`)
      }),
    )
  }
  await send(all.on, 1)
  await idsRead(engine, database)
  for (const [clients, rounds] of [
    [1, ROUNDS * 4],
    [CLIENTS, ROUNDS],
  ] as const) {
    const times = await race(
      {
        'without asking for ids': async () => await send(all.off, clients),
        'as the embedded engine asks': async () => await send(all.on, clients),
        'each id looked up, as on a server': async () => await send(all.lookups, clients),
      },
      rounds,
    )
    const who = clients === 1 ? 'one client at a time' : `${clients} clients, 10 ms apart`
    times.print(`${who}, a batch of ${BATCH} each; ${ids.toLocaleString('en')} ids stored already`)
    // Rows a second that are lost by asking.
    const lost = times.ratio('without asking for ids', 'as the embedded engine asks')
    figure(`throughput that dedup costs, ${who}`, (1 - lost.wall) * 100, { atMost: 25 }, ' %')
    if (clients > 1) figure('the same by CPU time', (1 - lost.cpu) * 100, { atMost: 25 }, ' %')
  }
  for (const analytics of Object.values(all)) await analytics.close()
  await server.close()
  await store.close()
}

/** A store of the same tables that looks each id up. */
function lookingUp(path: string, database: string): EventStore {
  return createEventStore({
    name: 'looking up',
    database,
    connect: async () => {
      const { storedIds: _, ...connections } = await acquireEngine(path)
      return connections
    },
    migrateOnFirstUse: true,
    limits: QUERY_LIMITS,
    rollupFromRows: ROLLUP_FROM_ROWS,
  })
}

/** Until the embedded engine has read its ids, which begins with the first event. */
async function idsRead(engine: Connections, database: string): Promise<void> {
  const began = performance.now()
  while (engine.storedIds?.(database).among([{ event_id: 'never' }]).length === 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
  console.log(`ids read behind the traffic within ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

/** Ten million ids come over days, in which what could be merged has been: so merges of the fill come to their end first. */
async function mergesRest(engine: Connections, database: string): Promise<void> {
  const until = Date.now() + 120_000
  for (let calm = 0; calm < 5 && Date.now() < until; ) {
    const [busy] = await ask<{ merges: number }>(
      engine,
      `SELECT count() AS merges FROM system.merges WHERE database = '${database}'`,
    )
    calm = busy?.merges === 0 ? calm + 1 : 0
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

/** In as many inserts as leave parts of different sizes behind, as traffic does; merges go on meanwhile. */
async function fillIds(engine: Connections, database: string, project: string, ids: number): Promise<void> {
  const each = Math.ceil(ids / PARTS)
  for (let part = 0; part < PARTS; part++) {
    await command(
      engine,
      `INSERT INTO ${database}.event_ids SETTINGS async_insert=0, insert_deduplication_token='ids-${project}-${part}'
SELECT '${project}', sipHash64(concat('old', toString(number))), 1, now64(3, 'UTC') - INTERVAL 60 DAY, now64(3, 'UTC'), 1,
  now64(6, 'UTC') - INTERVAL 1 HOUR
FROM numbers(${part * each}, ${Math.min(each, ids - part * each)})`,
    )
  }
}
