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
import { FIRST_COLUMNS, FIRST_TYPE } from './schema/sessions.js'
import { LANDING_KEY, landingsStatement, runsStatement } from './sql/landings.js'
import { twinsStatement } from './sql/reading.js'
import { ask, type Clients, writing } from './upkeep-clients.js'

// Of one INSERT; a verdict is a few hundred bytes.
const ROWS_PER_INSERT = 10_000
// Of one mutation, which holds them in memory while it works.
const KEYS_PER_MUTATION = 500_000
const HALF_HOUR_MS = 1_800_000

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

/**
 * Events first, fragments from them: a run that dies leaves fragments behind that the next one over the range finds,
 * because it compares all of them. What was written down stays then for a day, and as long no rollup day is built.
 */
async function rewrite(
  clients: Clients,
  range: EventRange,
  changes: AsyncIterable<readonly VerdictChange[]>,
): Promise<void> {
  const run = randomUuid()
  const staged = await stage(clients, range, run, changes)
  if (staged > 0) {
    // Before the first row changes: from here on rollup days of touched quarters don't answer, and none is built.
    await touchMarks(clients, range, run)
    await mutate(clients, range, EVENTS, run, staged)
  }
  const repairs = randomUuid()
  const stale = await stageFragments(clients, range, repairs)
  if (stale > 0) await mutate(clients, range, FRAGMENTS, repairs, stale)
  if (staged > 0) await forget(clients, range, run)
  if (stale > 0) await forget(clients, range, repairs)
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

/** Rows of a table that a run rewrites, named by a key. */
interface Target {
  readonly table: 'events' | 'sessions'
  readonly key: string
  /** Condition for rows of the range. */
  readonly within: string
  /** Assignments; `text(column)` is the staged value of the row. */
  set(text: (column: keyof StoredVerdict) => string): string
}

const BY_TIME =
  "timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"

const EVENTS: Target = {
  table: 'events',
  key: LANDING_KEY,
  within: BY_TIME,
  set: (text) => VERDICT_COLUMNS.map((name) => `${name} = ${text(name)}`).join(', '),
}

/** The first event of a fragment with what the fragment took from it. */
const FIRST = 'finalizeAggregation(first)'
/** Names one event by its moment: of a row of `events`, and of the first event of a fragment. */
const EVENT_KEY = 'reinterpretAsUInt128(sipHash128(timestamp, received_at, seq, event_id))'
const FIRST_KEY = `reinterpretAsUInt128(sipHash128(${FIRST}.1.1, ${FIRST}.1.2, ${FIRST}.1.3, ${FIRST}.1.4))`

/** Columns that a fragment takes from the verdict of its first event, with their place in the tuple. */
const TAKEN = FIRST_COLUMNS.flatMap((column, at) => {
  const name = VERDICT_COLUMNS.find((own) => own === column)
  return name === undefined ? [] : [{ name, value: `${FIRST}.${at + 2}` }]
})

// Rewritten where they are, not taken away and made anew: nobody who asks meanwhile misses a session.
const FRAGMENTS: Target = {
  table: 'sessions',
  key: FIRST_KEY,
  within:
    'bucket >= toDateTime(intDiv({from:Int64}, 1000)) AND bucket < toDateTime(intDiv({to:Int64} + 999, 1000))',
  set(text) {
    const values = FIRST_COLUMNS.map((column, at) => {
      const taken = TAKEN.find(({ name }) => name === column)
      return taken === undefined ? `${FIRST}.${at + 2}` : text(taken.name)
    })
    const first = `CAST(tuple(${FIRST}.1, ${values.join(', ')}), '${FIRST_TYPE.replaceAll("'", "''")}')`
    return `first = arrayReduce('argMinState', [${first}], [${FIRST}.1])`
  },
}

/** Writes down what the first events of fragments say now, where that is not what the fragment says. */
async function stageFragments(clients: Clients, range: EventRange, run: string): Promise<number> {
  const { db, writer } = clients
  const names = TAKEN.map(({ name }) => name)
  const now = names.map((name) => `toString(e.${name})`).join(', ')
  const then = names.map((name) => `f.was_${name}`).join(', ')
  const query_params = { ...wholeHalfHours(range), run }
  await writer.command({
    query: `INSERT INTO ${db}.reclassifications (project_id, run, key, ${names.join(', ')}) ${settingsClause(writing())}
SELECT {project_id:UUID}, {run:UUID}, f.key, ${names.map((name) => `any(e.${name})`).join(', ')}
FROM (SELECT ${EVENT_KEY} AS key, ${names.join(', ')} FROM ${db}.events WHERE project_id = {project_id:UUID} AND ${BY_TIME} AND session_id != '') AS e
INNER JOIN (SELECT ${FIRST_KEY} AS key, ${TAKEN.map(({ name, value }) => `${value} AS was_${name}`).join(', ')} FROM ${db}.sessions WHERE project_id = {project_id:UUID} AND ${FRAGMENTS.within}) AS f
ON f.key = e.key
WHERE (${now}) != (${then})
GROUP BY f.key`,
    query_params,
  })
  const [found] = await ask<{ n: number }>(
    clients,
    `SELECT count() AS n FROM ${db}.reclassifications WHERE project_id = {project_id:UUID} AND run = {run:UUID}`,
    query_params,
  )
  return found?.n ?? 0
}

function wholeHalfHours({ project_id, from, to }: EventRange): EventRange {
  return {
    project_id,
    from: Math.max(Math.floor(from / HALF_HOUR_MS), 0) * HALF_HOUR_MS,
    to: Math.max(Math.ceil(to / HALF_HOUR_MS), 0) * HALF_HOUR_MS,
  }
}

/**
 * One mutation for any number of keys: the staged values are arrays, and a row finds its place in them by its key.
 * Each statement is started and then waited for, because a connection gives up long before a mutation of much history.
 */
async function mutate(
  clients: Clients,
  range: EventRange,
  { table, key, within, set }: Target,
  run: string,
  keys: number,
): Promise<void> {
  const { db, writer } = clients
  const slices = Math.ceil(keys / KEYS_PER_MUTATION)
  const bounds = table === 'sessions' ? wholeHalfHours(range) : range
  for (let slice = 0; slice < slices; slice++) {
    const rows = `${db}.reclassifications WHERE project_id = {project_id:UUID} AND run = {run:UUID} AND key % {slices:UInt32} = {slice:UInt32}`
    const list = (column: string): string =>
      `(SELECT groupArray(${column}) FROM (SELECT key AS name, ${VERDICT_COLUMNS.map((own) => `any(${own}) AS ${own}`).join(', ')} FROM ${rows} GROUP BY key ORDER BY key))`
    const place = `transform(${key}, ${list('name')}, range(toUInt32(1), toUInt32(length(${list('name')})) + 1), toUInt32(0))`
    await writer.command({
      query: `ALTER TABLE ${db}.${table} UPDATE ${set((column) => `arrayElement(${list(column)}, ${place})`)}
WHERE project_id = {project_id:UUID} AND ${within} AND ${key} IN (SELECT key FROM ${rows})
${settingsClause({ mutations_sync: 0, allow_nondeterministic_mutations: 1 })}`,
      query_params: { ...bounds, run, slices, slice },
    })
    try {
      await waitForMutations(clients, [table])
    } catch (error) {
      // One that can't end would keep every later mutation of the table waiting.
      await writer.command({
        query: `KILL MUTATION WHERE concat('\`', database, '\`') = {database:String} AND table = {table:String} AND position(command, {run:String}) > 0`,
        query_params: { database: db, table, run },
      })
      throw error
    }
  }
}

async function touchMarks({ db, writer }: Clients, range: EventRange, run: string): Promise<void> {
  await writer.command({
    query: `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settingsClause(writing())}
SELECT project_id, toStartOfFifteenMinutes(timestamp) AS quarter, 1, now64(3, 'UTC') FROM ${db}.events
WHERE project_id = {project_id:UUID} AND ${BY_TIME}
  AND ${LANDING_KEY} IN (SELECT key FROM ${db}.reclassifications WHERE project_id = {project_id:UUID} AND run = {run:UUID})
GROUP BY project_id, quarter`,
    query_params: { ...range, run },
  })
}

async function forget({ db, writer }: Clients, { project_id }: EventRange, run: string): Promise<void> {
  await writer.command({
    query: `ALTER TABLE ${db}.reclassifications DROP PARTITION tuple(toUUID({project_id:String}), toUUID({run:String}))`,
    query_params: { project_id, run },
  })
}
