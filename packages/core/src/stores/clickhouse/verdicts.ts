import { randomUuid } from '#crypto'
import type {
  EventRange,
  Landing,
  StoredVerdict,
  VerdictChange,
  VerdictStore,
} from '../../ports/verdict-store.js'
import { VERDICT_COLUMNS } from '../../ports/verdict-store.js'
import { type Connections, identifier, settingsClause } from './client.js'
import { insertError } from './errors.js'
import { waitForMutations } from './mutations.js'
import type { Read } from './reader.js'
import { LANDING_KEY, landingsStatement, runsStatement } from './sql/landings.js'
import { twinsStatement } from './sql/reading.js'
import { ask, type Clients, writing } from './upkeep-clients.js'

// Of one INSERT; a verdict is a few hundred bytes.
const ROWS_PER_INSERT = 10_000
// Of one mutation, which holds them in memory while it works.
const KEYS_PER_MUTATION = 500_000

type LandingRow = { readonly [C in keyof StoredVerdict as `landing_${C}`]: StoredVerdict[C] } & {
  readonly landing: string
  readonly landing_url: string
  readonly landing_referrer: string
  readonly events: number
}

export function createVerdicts(
  start: () => Promise<Connections>,
  read: Read,
  database: string,
): VerdictStore {
  return {
    async landings(range, page) {
      const [twins] = await read<{ twins: number }>(twinsStatement(database, range.project_id))
      const reading = { database, distinct: (twins?.twins ?? 0) > 0, kept_from: 0 }
      return (await read<LandingRow>(landingsStatement(reading, range, page))).map(toLanding)
    },
    async reclassify(range, changes) {
      const { writer, readers } = await start()
      const clients: Clients = { db: identifier(database), writer, reader: readers[0] }
      try {
        await rewrite(clients, range, changes)
      } catch (error) {
        throw insertError(error)
      }
    },
  }
}

/** Whether verdicts of the project are being rewritten: a day built now could hold some of both. */
export async function isRewriting(read: Read, database: string, projectId: string): Promise<boolean> {
  const [row] = await read<{ runs: number }>(runsStatement(database, projectId))
  return (row?.runs ?? 0) > 0
}

function toLanding(row: LandingRow): Landing {
  return {
    key: row.landing,
    url: row.landing_url,
    referrer: row.landing_referrer,
    events: row.events,
    verdict: {
      source: row.landing_source,
      medium: row.landing_medium,
      campaign: row.landing_campaign,
      term: row.landing_term,
      content: row.landing_content,
      channel: row.landing_channel,
      source_confidence: row.landing_source_confidence,
      source_rule_id: row.landing_source_rule_id,
    },
  }
}

/** What was written down by a run that dies stays for a day, and as long no rollup day is built. */
async function rewrite(
  clients: Clients,
  range: EventRange,
  changes: AsyncIterable<readonly VerdictChange[]>,
): Promise<void> {
  const run = randomUuid()
  const staged = await stage(clients, range, run, changes)
  if (staged === 0) return
  // Before the first row changes: from here on rollup days of touched quarters don't answer, and none is built.
  const days = await changingDays(clients, range, run)
  await touchMarks(clients, range, days)
  await mutate(clients, range, run, staged)
  // And after the last: a build that took all of that time may have seen rows of both kinds.
  await touchMarks(clients, range, days)
  await forget(clients, range, run)
}

/** Writes the changes down; how many there are. */
async function stage(
  clients: Clients,
  { project_id }: EventRange,
  run: string,
  changes: AsyncIterable<readonly VerdictChange[]>,
): Promise<number> {
  let waiting = new Map<string, VerdictChange>()
  let staged = 0
  const write = async (): Promise<void> => {
    if (waiting.size === 0) return
    const rows = [...waiting.values()].map(({ key, verdict }) =>
      JSON.stringify({ project_id, run, key, ...verdict }),
    )
    await clients.writer.command({
      query: `INSERT INTO ${clients.db}.reclassifications (project_id, run, key, ${VERDICT_COLUMNS.join(', ')}) ${settingsClause(writing())} FORMAT JSONEachRow\n${rows.join('\n')}`,
    })
    staged += waiting.size
    waiting = new Map()
  }
  for await (const page of changes) {
    for (const change of page) {
      waiting.set(change.key, change)
      if (waiting.size === ROWS_PER_INSERT) await write()
    }
  }
  await write()
  return staged
}

const BY_TIME =
  "timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"

/**
 * One mutation for any number of keys: the staged values are arrays, and a row finds its place in them by its key.
 * Each statement is started and then waited for, because a connection gives up long before a mutation of much history.
 */
async function mutate(clients: Clients, range: EventRange, run: string, keys: number): Promise<void> {
  const { db, writer } = clients
  const slices = Math.ceil(keys / KEYS_PER_MUTATION)
  for (let slice = 0; slice < slices; slice++) {
    const rows = `${db}.reclassifications WHERE project_id = {project_id:UUID} AND run = {run:UUID} AND key % {slices:UInt32} = {slice:UInt32}`
    const list = (column: string): string =>
      `(SELECT groupArray(${column}) FROM (SELECT key AS name, ${VERDICT_COLUMNS.map((own) => `any(${own}) AS ${own}`).join(', ')} FROM ${rows} GROUP BY key ORDER BY key))`
    const place = `transform(${LANDING_KEY}, ${list('name')}, range(toUInt32(1), toUInt32(length(${list('name')})) + 1), toUInt32(0))`
    await writer.command({
      query: `ALTER TABLE ${db}.events UPDATE ${VERDICT_COLUMNS.map((name) => `${name} = arrayElement(${list(name)}, ${place})`).join(', ')}
WHERE project_id = {project_id:UUID} AND ${BY_TIME} AND ${LANDING_KEY} IN (SELECT key FROM ${rows})
${settingsClause({ mutations_sync: 0, allow_nondeterministic_mutations: 1 })}`,
      query_params: { ...range, run, slices, slice },
    })
    try {
      await waitForMutations(clients, ['events'])
    } catch (error) {
      // One that can't end would keep every later mutation of the table waiting.
      await writer.command({
        query: `KILL MUTATION WHERE concat('\`', database, '\`') = {database:String} AND table = 'events' AND position(command, {run:String}) > 0`,
        query_params: { database: db, run },
      })
      throw error
    }
  }
}

/** Days of UTC, as numbers, with rows that change. Asked before they do: keys name what is there. */
async function changingDays(clients: Clients, range: EventRange, run: string): Promise<number[]> {
  const [found] = await ask<{ days: number[] }>(
    clients,
    `SELECT groupUniqArray(toUInt16(toDate(timestamp))) AS days FROM ${clients.db}.events
WHERE project_id = {project_id:UUID} AND ${BY_TIME}
  AND ${LANDING_KEY} IN (SELECT key FROM ${clients.db}.reclassifications WHERE project_id = {project_id:UUID} AND run = {run:UUID})`,
    { ...range, run },
  )
  return found?.days ?? []
}

async function touchMarks(
  { db, writer }: Clients,
  { project_id }: EventRange,
  days: readonly number[],
): Promise<void> {
  await writer.command({
    query: `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settingsClause(writing())}
SELECT DISTINCT m.project_id, m.quarter, 1, now64(3, 'UTC') FROM ${db}.marks AS m
WHERE m.project_id = {project_id:UUID} AND toUInt16(toDate(m.quarter)) IN {days:Array(UInt16)}`,
    query_params: { project_id, days },
  })
}

async function forget({ db, writer }: Clients, { project_id }: EventRange, run: string): Promise<void> {
  await writer.command({
    query: `ALTER TABLE ${db}.reclassifications DROP PARTITION tuple(toUUID({project_id:String}), toUUID({run:String}))`,
    query_params: { project_id, run },
  })
}
