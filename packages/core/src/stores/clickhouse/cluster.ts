import { type ClickhouseClient, type Connections, identifier } from './client.js'

/** A self-hosted cluster of shards and replicas. ClickHouse Cloud is none: it needs nothing of this. */
export interface ClusterOptions {
  /** Its name in `remote_servers` of every server; macros `{shard}` and `{replica}` must be set there too. */
  name: string
}

/** Behind every table `x` of a cluster stands one `x_local` on each replica. */
const LOCAL = '_local'

/** Fourteen days: an outage may last, and a batch that comes late must still be known. */
const WINDOW_SECONDS = 1_209_600

type Form = (match: readonly string[], cluster: string) => readonly string[]

const TABLE = '(`\\w+`)\\.(\\w+)'

/** Every kind of statement there is, by its beginning. The first that matches is taken. */
const FORMS: readonly (readonly [RegExp, Form])[] = [
  [
    /^CREATE DATABASE IF NOT EXISTS (`\w+`)$/,
    ([, db], cluster) => [`CREATE DATABASE IF NOT EXISTS ${db} ON CLUSTER ${cluster}`],
  ],
  [
    pattern(
      `^CREATE TABLE IF NOT EXISTS ${TABLE} \\(\\n(.*?)\\n\\) ENGINE = (\\w*MergeTree)(?:\\(([^)]*)\\))?(.*)$`,
    ),
    ([, db = '', table = '', columns = '', engine = '', args = '', rest = ''], cluster) => [
      `CREATE TABLE IF NOT EXISTS ${db}.${table}${LOCAL} ON CLUSTER ${cluster} (
${columns}
) ENGINE = ${replicated(engine, args)}${replicatedWindow(rest)}`,
      `CREATE TABLE IF NOT EXISTS ${db}.${table} ON CLUSTER ${cluster} (
${withoutIndexes(columns)}
) ENGINE = Distributed(${text(cluster)}, ${text(db)}, '${table}${LOCAL}', ${shardingKey(columns)})`,
    ],
  ],
  [
    pattern(`^CREATE MATERIALIZED VIEW IF NOT EXISTS ${TABLE} TO ${TABLE} AS\\n(.*)$`),
    // Local to local: what a batch brings to a shard is summed up there, and forgets repeats by the same token.
    ([, db = '', view = '', , target = '', select = ''], cluster) => [
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.${view} ON CLUSTER ${cluster} TO ${db}.${target}${LOCAL} AS
${select.replaceAll(pattern(TABLE), `$1.$2${LOCAL}`)}`,
    ],
  ],
  [
    pattern(`^CREATE VIEW IF NOT EXISTS ${TABLE} AS\\n(.*)$`),
    ([, db = '', view = '', select = ''], cluster) => [
      `CREATE VIEW IF NOT EXISTS ${db}.${view} ON CLUSTER ${cluster} AS\n${select}`,
    ],
  ],
  [
    // Columns belong to both tables; everything else that is altered is data and lies in the local ones.
    pattern(`^ALTER TABLE ${TABLE} ((?:ADD|DROP|MODIFY|RENAME|COMMENT|CLEAR) COLUMN .*)$`),
    ([, db = '', table = '', rest = ''], cluster) =>
      [`${table}${LOCAL}`, table].map((name) => `ALTER TABLE ${db}.${name} ON CLUSTER ${cluster} ${rest}`),
  ],
  [
    pattern(`^(ALTER TABLE|DELETE FROM|OPTIMIZE TABLE|TRUNCATE TABLE) ${TABLE}(.*)$`),
    ([, verb = '', db = '', table = '', rest = ''], cluster) => [
      `${verb} ${db}.${table}${LOCAL} ON CLUSTER ${cluster}${rest}`,
    ],
  ],
  [
    /^KILL MUTATION WHERE (.*)$/s,
    ([, condition = ''], cluster) => [
      `KILL MUTATION ON CLUSTER ${cluster} WHERE ${condition.replace(/\btable\b/, () => OWN_NAME)}`,
    ],
  ],
]

/** Where the columns end and the settings begin; what follows may be 80 MB of rows, which no pattern should read. */
const INSERT = pattern(`^INSERT INTO ${TABLE}(?: \\([^()]*\\))? SETTINGS `)

/**
 * Seconds that a replica may be behind to be asked, while there is another. Less than a day must have been left alone before
 * it is built: a build reads every row that its marks count.
 */
const FRESH = 'max_replica_delay_for_distributed_queries=15'

/**
 * Without the first, ClickHouse answers when the rows lie in a queue on one server's disk, and a 202 is not stored.
 * Without the second, some versions let each shard copy its own rows where others must be told.
 */
const INSERT_SETTINGS = `distributed_foreground_insert=1, parallel_distributed_insert_select=0, ${FRESH}, `

/** The statements that do on a cluster what `sql` does on one server. Throws for a statement of an unknown form. */
export function onCluster(sql: string, { name }: ClusterOptions): readonly string[] {
  const insert = INSERT.exec(sql)
  if (insert !== null) return [insert[0] + INSERT_SETTINGS + sql.slice(insert[0].length)]
  const cluster = identifier(name)
  for (const [beginning, form] of FORMS) {
    const match = beginning.exec(sql)
    if (match !== null) return form(match, cluster)
  }
  throw new TypeError(`no form for a cluster: ${sql.slice(0, 80)}`)
}

const OWN_NAME = `replaceRegexpOne(table, '${LOCAL}$', '')`

/**
 * A question as a cluster answers it: tables of the system are those of all replicas, with local tables under their own
 * names; a join or IN of two distributed tables brings the second to every shard instead of being refused; and of the
 * replicas those are asked that are not behind.
 */
export function askedOnCluster(sql: string, { name }: ClusterOptions): string {
  // The read may be another replica's.
  const kill = 'KILL QUERY WHERE '
  if (sql.startsWith(kill)) return `KILL QUERY ON CLUSTER ${identifier(name)} WHERE ${sql.slice(kill.length)}`
  const everywhere = (table: string): string => {
    const columns = table === 'processes' ? '*' : `* REPLACE (${OWN_NAME} AS table)`
    return `(SELECT ${columns} FROM clusterAllReplicas(${text(identifier(name))}, system.${table}))`
  }
  const asked = sql.replace(/\bsystem\.(mutations|parts|processes)\b/g, (_, table: string) =>
    everywhere(table),
  )
  // Tables of a question that leaves twins out lie within each other six deep; by default five may.
  const global = `distributed_product_mode='global', max_distributed_depth=20, ${FRESH}`
  const settings = /\nSETTINGS (?=[^\n]*$)/
  return settings.test(asked)
    ? asked.replace(settings, `\nSETTINGS ${global}, `)
    : `${asked}\nSETTINGS ${global}`
}

/** Connections on which every statement takes its form for the cluster, so that nobody else needs to know of one. */
export function clusterConnections(connections: Connections, cluster: ClusterOptions): Connections {
  const spread = (client: ClickhouseClient): ClickhouseClient => ({
    async command(params) {
      for (const query of onCluster(params.query, cluster)) await client.command({ ...params, query })
    },
    query: async (params) => await client.query({ ...params, query: askedOnCluster(params.query, cluster) }),
    close: async () => await client.close(),
  })
  const [first, ...others] = connections.readers
  return {
    writer: spread(connections.writer),
    readers: [spread(first), ...others.map(spread)],
    sharded: true,
    close: connections.close,
  }
}

function pattern(source: string): RegExp {
  return new RegExp(source, source.startsWith('^') ? 's' : 'g')
}

/** A quoted name as a string literal; names are plain, see `identifier`. */
function text(quoted: string): string {
  return `'${quoted.replaceAll('`', '')}'`
}

function replicated(engine: string, args: string): string {
  const own = args === '' ? '' : `, ${args}`
  return `Replicated${engine}('/clickhouse/tables/{shard}/{database}/{table}', '{replica}'${own})`
}

function replicatedWindow(rest: string): string {
  return rest.replace(
    /\bnon_replicated_deduplication_window = (\d+)/,
    `replicated_deduplication_window = $1, replicated_deduplication_window_seconds = ${WINDOW_SECONDS}`,
  )
}

/** A distributed table holds nothing that an index could skip, nor a default that is not made where rows are. */
function withoutIndexes(columns: string): string {
  return columns
    .split('\n')
    .filter((line) => !/^\s*INDEX /.test(line))
    .join('\n')
    .replace(/,$/, '')
}

/**
 * A visitor stays on one shard, so that their fragments, links and events lie together. Rows without one go by project;
 * rows of no project by their first column. Never by chance: a batch that is sent again must find the shards that know
 * its token. Readers depend on none of it: they ask all shards.
 */
function shardingKey(columns: string): string {
  const has = (column: string): boolean => new RegExp(`^\\s*${column} `, 'm').test(columns)
  if (!has('project_id')) return `cityHash64(${/\w+/.exec(columns)?.[0] ?? ''})`
  if (!has('anonymous_id')) return 'cityHash64(project_id)'
  const visitor = has('user_id') ? `if(anonymous_id = '', user_id, anonymous_id)` : 'anonymous_id'
  return `cityHash64(project_id, ${visitor})`
}
