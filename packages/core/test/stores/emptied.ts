import { type ClickhouseClient, identifier } from '../../src/stores/clickhouse/client.js'

/** Empties a database for the next test: fifteen times quicker than making another, of which an engine also gets slow. */
export async function emptied(client: ClickhouseClient, database: string): Promise<string> {
  const answer = await client.query({
    query: `SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree' AND name != 'migrations' AND total_rows > 0`,
    query_params: { database },
    format: 'JSONEachRow',
  })
  for (const { name } of await answer.json<{ name: string }>()) {
    await client.command({ query: `TRUNCATE TABLE ${identifier(database)}.${identifier(name)}` })
  }
  return database
}
