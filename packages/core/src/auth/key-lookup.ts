import { AnalyticsError } from '../errors.js'
import type { FoundKey, KeyStore } from '../ports/key-store.js'

/** The key with this prefix, asked for together with others. */
export type KeyLookup = (prefix: string) => Promise<FoundKey | undefined>

// 50 statements a second at most, whatever is sent.
const PAUSE_MS = 20
const MOST = 1_000

interface Waiting {
  readonly promise: Promise<FoundKey | undefined>
  resolve(found: FoundKey | undefined): void
  reject(error: unknown): void
}

/**
 * Looks keys up in the store: at once while there is peace, and together, at most every 20 ms, when many come. So
 * a flood of bogus keys costs 50 statements a second and an unknown good key in it 20 ms. More than 1,000 that
 * wait are refused with `storage_unavailable`.
 */
export function createKeyLookup({ keys, clock }: { keys: KeyStore; clock: () => number }): KeyLookup {
  let waiting = new Map<string, Waiting>()
  let startedAt = Number.NEGATIVE_INFINITY
  let planned = false

  function plan(): void {
    if (planned) return
    planned = true
    const since = clock() - startedAt
    if (since >= 0 && since < PAUSE_MS) setTimeout(start, PAUSE_MS - since)
    else start()
  }

  function start(): void {
    planned = false
    startedAt = clock()
    const group = waiting
    waiting = new Map()
    ask([...group.keys()]).then(
      (found) => {
        const byPrefix = new Map(found.map((each) => [each.key.prefix, each]))
        for (const [prefix, { resolve }] of group) resolve(byPrefix.get(prefix))
      },
      (error: unknown) => {
        for (const { reject } of group.values()) reject(error)
      },
    )
  }

  async function ask(prefixes: readonly string[]): Promise<readonly FoundKey[]> {
    const [first = ''] = prefixes
    if (prefixes.length > 1) return await keys.findKeys(prefixes)
    const found = await keys.findKey(first)
    return found === undefined ? [] : [found]
  }

  return (prefix) => {
    const known = waiting.get(prefix)
    if (known !== undefined) return known.promise
    if (waiting.size >= MOST) {
      return Promise.reject(
        new AnalyticsError('storage_unavailable', 'Too many lookups are waiting for the key store.', {
          retryAfter: 2,
        }),
      )
    }
    let resolve = (_found: FoundKey | undefined): void => {}
    let reject = (_error: unknown): void => {}
    const promise = new Promise<FoundKey | undefined>((done, failed) => {
      resolve = done
      reject = failed
    })
    waiting.set(prefix, { promise, resolve, reject })
    plan()
    return promise
  }
}
