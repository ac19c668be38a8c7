import type { ClickhouseClient } from '../clickhouse/client.js'
import { bindingStatement, requireBound } from './bound-statement.js'

/** Connections as one client, which knows what it has done. */
export interface ConnectionPool extends ClickhouseClient {
  /** Statements that have ended, failed ones too; undefined while one is under way or waits. */
  ended(): number | undefined
}

type Statement = Pick<Parameters<ClickhouseClient['query']>[0], 'query' | 'query_params' | 'abort_signal'>

/**
 * Connections of the engine as one client. A connection does one statement at a time, and each statement that waits for
 * another holds one of the few threads that Node gives to files and addresses too: four questions behind a report left
 * none for the statement that ends it. So they wait here, where an abandoned one is never begun.
 */
export function createConnectionPool(
  clients: readonly [ClickhouseClient, ...ClickhouseClient[]],
  /** Called when the first statement begins, and what it answers when none is left. */
  whileBusy: () => () => void = () => () => {},
): ConnectionPool {
  const free: ClickhouseClient[] = [...clients]
  const waiting: ((client: ClickhouseClient) => void)[] = []
  const running = new Set<Promise<unknown>>()
  let ended = 0
  let idle = (): void => {}

  function next(signal: AbortSignal | undefined): Promise<ClickhouseClient> {
    if (free.length === clients.length) idle = whileBusy()
    const client = free.shift()
    if (client !== undefined) return Promise.resolve(client)
    return new Promise((resolve, reject) => {
      const take = (given: ClickhouseClient): void => {
        signal?.removeEventListener('abort', leave)
        resolve(given)
      }
      const leave = (): void => {
        waiting.splice(waiting.indexOf(take), 1)
        reject(signal?.reason)
      }
      waiting.push(take)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  function release(client: ClickhouseClient): void {
    const take = waiting.shift()
    if (take === undefined) free.push(client)
    else take(client)
    if (free.length === clients.length) idle()
  }

  async function run<T>(
    { query, query_params = {}, abort_signal: signal }: Statement,
    work: (client: ClickhouseClient) => Promise<T>,
  ): Promise<T> {
    requireBound(query, query_params)
    const binding = bindingStatement(query_params)
    signal?.throwIfAborted()
    const client = await next(signal)
    if (signal?.aborted) {
      release(client)
      throw signal.reason
    }
    // The engine knows no signal: the caller is told at once, the connection is taken until the statement has ended.
    const done = (async () => {
      if (binding !== undefined) await client.command({ query: binding })
      return await work(client)
    })()
    const gone = done.then(
      () => {},
      // What a failed statement holds (its memory, its place among the running ones) goes with the next one.
      async () => void (await client.command({ query: 'SELECT 1' }).catch(() => {})),
    )
    running.add(gone)
    void gone.then(() => {
      running.delete(gone)
      ended += 1
      release(client)
    })
    return await unlessAborted(done, signal)
  }

  return {
    command: async (statement) =>
      await run(statement, async (client) => await client.command({ query: statement.query })),
    query: async ({ format, ...statement }) =>
      await run(statement, async (client) => await client.query({ query: statement.query, format })),
    // A connection that is not free was given to a statement that is about to run.
    ended: () => (free.length === clients.length ? ended : undefined),
    async close() {
      // A connection that closes under a statement takes the engine with it.
      while (running.size > 0) await Promise.all(running)
      for (const client of clients) await client.close()
    },
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
