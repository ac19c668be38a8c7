import type { Connections } from '../../src/stores/clickhouse/client.js'
import { type ClickhouseEventStore, createEventStore } from '../../src/stores/clickhouse/event-store.js'
import { QUERY_LIMITS } from '../../src/stores/clickhouse/reader.js'

/** What happens around a statement; each is told its text. */
export interface Interruptions {
  before?(query: string): Promise<void> | void
  after?(query: string): Promise<void> | void
}

/** A store on this engine in which something happens between two statements: what another process may do at any time. */
export function interrupted(
  engine: Connections,
  database: string,
  { before, after }: Interruptions,
): ClickhouseEventStore {
  const around = async <T>(query: string, run: () => Promise<T>): Promise<T> => {
    await before?.(query)
    const answer = await run()
    await after?.(query)
    return answer
  }
  const [reader] = engine.readers
  return createEventStore({
    name: 'interrupted',
    database,
    connect: async () => ({
      writer: {
        ...engine.writer,
        command: async (params) =>
          await around(params.query, async () => await engine.writer.command(params)),
      },
      readers: [
        {
          ...reader,
          query: async (params) => await around(params.query, async () => await reader.query(params)),
        },
      ],
      close: async () => {},
    }),
    migrateOnFirstUse: true,
    limits: QUERY_LIMITS,
    rollupFromRows: 0,
  })
}

/** Something that others wait for. */
export function signal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}
