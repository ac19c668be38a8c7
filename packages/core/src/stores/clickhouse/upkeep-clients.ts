import { randomUuid } from '#crypto'
import { ASKING, type ClickhouseClient, settingsClause } from './client.js'

export interface Clients {
  /** Quoted database. */
  readonly db: string
  readonly writer: ClickhouseClient
  readonly reader: ClickhouseClient
  /** Tables have parts on several servers. */
  readonly sharded?: boolean | undefined
}

/** Stands where a table is read that binds no project: this is upkeep, and nothing of it is shown to anybody. */
export const EVERY_PROJECT = '/* upkeep of every project */'

/** On a cluster: an error, and another try later, rather than what a replica says that has not heard the newest. */
const NOTHING_STALE = { fallback_to_stale_replicas_for_distributed_queries: 0 } as const

/**
 * A read of upkeep: without the limits of questions, and with the rows that a lightweight delete only hides when
 * `hidden`.
 */
export async function ask<Row>(
  { reader }: Clients,
  query: string,
  params: Record<string, unknown>,
  hidden = false,
): Promise<Row[]> {
  const answer = await reader.query({
    query: `${query}\n${settingsClause({
      ...ASKING,
      output_format_json_quote_64bit_integers: 0,
      ...NOTHING_STALE,
      ...(hidden ? { apply_deleted_mask: 0 } : {}),
    })}`,
    query_params: params,
    format: 'JSONEachRow',
  })
  return await answer.json<Row>()
}

/** Settings of a statement that writes: a token of its own, or two equal ones would be taken for one. */
export function writing(): Record<string, string | number> {
  return { ...ASKING, insert_deduplication_token: randomUuid(), async_insert: 0, ...NOTHING_STALE }
}
