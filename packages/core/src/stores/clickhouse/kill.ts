import type { Connections } from './client.js'

/** Ends a read on the server whose caller has gone; returns at once and never throws. */
export type Kill = (id: string) => void

/** Milliseconds before each try: a read that was sent a moment ago may not be known to the server yet. */
const TRIES = [0, 50, 250, 1000] as const
const MOST_AT_ONCE = 100

/**
 * Kills by the comment that a read carries in its settings: chDB gives statements ids of its own and writes their text
 * anew. Over a connection that no report stands before; however many leave at once, one statement at a time names them.
 * A read that is not found has ended; one that can't be killed runs into its limits.
 */
export function createKill(start: () => Promise<Connections>): Kill {
  const tries = new Map<string, number>()
  let working = false

  async function killAll(ids: readonly string[]): Promise<readonly string[]> {
    const { quick, readers } = await start()
    const answer = await (quick ?? readers[0]).query({
      query: "KILL QUERY WHERE Settings['log_comment'] IN {ids:Array(String)} ASYNC",
      query_params: { ids },
      format: 'JSONEachRow',
    })
    const found = await answer.json<{ query?: string }>()
    return ids.filter((id) => found.some(({ query }) => query?.includes(id)))
  }

  async function work(): Promise<void> {
    while (tries.size > 0) {
      const now = [...tries].slice(0, MOST_AT_ONCE)
      const pause = Math.min(...now.map(([, tried]) => TRIES[tried] ?? 0))
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
      const killed = new Set(await killAll(now.map(([id]) => id)).catch(() => []))
      for (const [id, tried] of now) {
        tries.delete(id)
        // Last in the row, so that many that can't be found do not stand before new ones.
        if (!killed.has(id) && tried + 1 < TRIES.length) tries.set(id, tried + 1)
      }
    }
  }

  return (id) => {
    tries.set(id, 0)
    if (working) return
    working = true
    void work().finally(() => {
      working = false
    })
  }
}
