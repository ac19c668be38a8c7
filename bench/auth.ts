import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createAuthenticator } from '../packages/core/src/auth/authenticate.js'
import { createKeyManager } from '../packages/core/src/auth/manage-keys.js'
import { isAnalyticsError } from '../packages/core/src/errors.js'
import { createProjects } from '../packages/core/src/projects/projects.js'
import { memoryRateLimits } from '../packages/core/src/stores/memory/memory-rate-limits.js'
import { type PostgresPool, postgresKeys } from '../packages/core/src/stores/postgres/index.js'
import { createTestDatabase } from '../packages/core/test/keys/postgres-server.js'

const ORIGIN = 'https://shop.test'
const FLOOD = 100_000
const SENDERS = 500
const REFUSALS = 20_000
const NEED = { scope: 'ingest', allowQueryKey: false } as const

/** What authentication costs, and what a flood of bogus keys does to Postgres, memory and good keys. */
export async function run(): Promise<void> {
  const database = await createTestDatabase()
  if (database === undefined) throw new Error('The bench needs a Postgres.')
  let statements = 0
  const real = database.pool()
  const pool: PostgresPool = {
    async connect() {
      const client = await real.connect()
      return {
        async query<R>(text: string, values: unknown[]) {
          statements++
          const { rows, rowCount } = await client.query(text, values)
          const read: R[] = rows
          return { rows: read, rowCount }
        },
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (broken) => client.release(broken),
      }
    },
    on: (event, listener) => real.on(event, listener),
  }
  const keys = postgresKeys({ pool, pepper: 'a pepper for the bench' })
  const clock = Date.now
  const authenticator = createAuthenticator({ keys, clock, onDiagnostic: () => {} })
  const keyManager = createKeyManager({ keys, clock, invalidate: authenticator.invalidate })
  const projects = createProjects({ keys, keyManager, clock })
  const made = await projects.create({ slug: 'shop', allowed_origins: [ORIGIN] })
  const asking = (key: string): Request =>
    new Request('http://host.test/v1/track', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, origin: ORIGIN },
    })

  console.log(
    `authenticated request, cached pk with origin: ${(
      await overhead(
        () => authenticator.authenticate(asking(made.keys.pk), NEED),
        () => asking(made.keys.pk),
      )
    ).toFixed(1)} µs over one without`,
  )

  await refusals(async (key) => await answerOf(authenticator.authenticate(asking(key), NEED)), made.keys.sk)

  const goodRequest = asking(made.keys.pk)
  const latencies = async (until: () => boolean): Promise<number[]> => {
    const times: number[] = []
    while (!until()) {
      const started = performance.now()
      await authenticator.authenticate(goodRequest, NEED)
      times.push(performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return times
  }
  const calmUntil = performance.now() + 2_000
  const calm = await latencies(() => performance.now() > calmUntil)

  const fresh: { key: string; ms: number; answer: string }[] = []
  const uncached: string[] = []
  for (let i = 0; i < 20; i++) {
    uncached.push((await keyManager.create({ project_id: made.project.id, kind: 'sk' })).secret)
  }
  const ask = async (key: string, request = asking(key)): Promise<string> => {
    request.headers.set('authorization', `Bearer ${key}`)
    return await answerOf(authenticator.authenticate(request, NEED))
  }
  const good = async (request: Request): Promise<void> => {
    await ask(made.keys.pk, request)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  // Each sender has one Request: half a kilobyte of each new one outlives it until a full collection, key or no key.
  const senders = Array.from({ length: SENDERS }, () => asking(made.keys.pk))
  // The engine sizes its heap under load once: what counts is what a flood adds to as many good requests.
  const busy = [await peakOf(senders, good)]
  statements = 0
  let sent = 0
  const answers = new Map<string, number>()
  const note = (answer: string): void => void answers.set(answer, (answers.get(answer) ?? 0) + 1)
  const started = performance.now()
  const flood = async (request: Request): Promise<void> => note(await ask(bogus(sent++), request))
  const flooding = peakOf(senders, flood)
  const probes = (async () => {
    for (const key of uncached) {
      const asked = performance.now()
      const answer = await ask(key)
      fresh.push({ key: '', ms: performance.now() - asked, answer })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  const flooded = await latencies(() => sent >= FLOOD)
  const drowned = [await flooding]
  const seconds = (performance.now() - started) / 1000
  await probes

  console.log(
    `flood: ${FLOOD} distinct bogus keys in ${seconds.toFixed(1)} s: ${JSON.stringify([...answers])}`,
  )
  console.log(`  Postgres lookups: ${(statements / seconds).toFixed(1)} a second`)
  const kept = [await keptMemory()]
  for (let round = 1; round < 3; round++) {
    busy.push(await peakOf(senders, good))
    drowned.push(await peakOf(senders, flood))
    kept.push(await keptMemory())
  }
  console.log(
    `  resident at the peak, MB: ${busy.map((mb) => mb.toFixed(0)).join(', ')} with good requests, ` +
      `${drowned.map((mb) => mb.toFixed(0)).join(', ')} in floods of as many`,
  )
  console.log(
    `  kept after each flood, garbage collected: ${kept.map(({ heap }) => heap.toFixed(1)).join(', ')} MB on the heap, ` +
      `${kept.map(({ resident }) => resident.toFixed(0)).join(', ')} MB resident`,
  )
  console.log(
    `  cached good key: p99 ${percentile(calm, 99).toFixed(2)} ms calm, ${percentile(flooded, 99).toFixed(2)} ms in the flood (${flooded.length} asked)`,
  )
  console.log(
    `  uncached good keys: ${fresh.filter(({ answer }) => answer === 'ok').length} of ${fresh.length} verified, slowest ${Math.max(...fresh.map(({ ms }) => ms)).toFixed(0)} ms, others: ${JSON.stringify([...new Set(fresh.map(({ answer }) => answer))])}`,
  )

  limits()
  await keys.close()
  await database.close()
}

/** Whether the time of a refusal says that a prefix exists. */
async function refusals(answer: (key: string) => Promise<string>, key: string): Promise<void> {
  const [unknown, wrong] = [bogus(0xfffffff0), `${key.slice(0, -43)}${'A'.repeat(43)}`]
  const times = new Map<string, number[]>([
    [unknown, []],
    [wrong, []],
  ])
  for (let i = 0; i < REFUSALS * 1.2; i++) {
    // In turns, and each first as often as the other.
    for (const presented of i % 2 === 0 ? [unknown, wrong] : [wrong, unknown]) {
      const started = performance.now()
      const said = await answer(presented)
      if (said !== 'invalid_api_key') throw new Error(`A bad key was answered with ${said}.`)
      if (i >= REFUSALS * 0.2) times.get(presented)?.push((performance.now() - started) * 1000)
    }
  }
  const [a, b] = [times.get(unknown) ?? [], times.get(wrong) ?? []]
  const at = (share: number): string =>
    `${percentile(a, share).toFixed(2)} and ${percentile(b, share).toFixed(2)} µs (ratio ${(percentile(a, share) / percentile(b, share)).toFixed(3)})`
  console.log(
    `refused, ${REFUSALS} each in turns, unknown prefix and wrong secret: median ${at(50)}, p10 ${at(10)}, p90 ${at(90)}`,
  )
}

/** Allowed share of what a limit allows, in this process. */
function limits(): void {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0]
  for (const rate of [10, 100, 1_000, 10_000]) {
    for (const load of [0.9, 1, 1.2, 1.5, 2]) {
      const store = memoryRateLimits()
      const [burst, seconds, now] = [rate, 30, Date.now()]
      const asked = Math.floor(rate * load * seconds)
      let allowed = 0
      for (let i = 0; i < asked; i++) {
        const taken = store.take('bucket', { rate, burst }, now + (i * 1000) / (rate * load))
        if (!(taken instanceof Promise) && taken.allowed) allowed++
      }
      const share = allowed / Math.min(asked, burst + rate * seconds)
      lowest = Math.min(lowest, share)
      highest = Math.max(highest, share)
    }
  }
  console.log(
    `rate limits, 10–10,000/s at loads 0.9–2: ${(lowest * 100).toFixed(1)}–${(highest * 100).toFixed(1)} % of what they should allow`,
  )
}

/** Most megabytes resident while so many requests are sent; nothing is collected by force. */
async function peakOf(
  senders: readonly Request[],
  send: (request: Request) => Promise<void>,
): Promise<number> {
  let left = FLOOD
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss() / 1e6)
  }, 20)
  await Promise.all(
    senders.map(async (request) => {
      while (left-- > 0) await send(request)
    }),
  )
  clearInterval(watch)
  return peak
}

/** Megabytes that are still referenced, and what the process holds then. */
async function keptMemory(): Promise<{ heap: number; resident: number }> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('There is no way to collect garbage here.')
  // Twice, with a turn before each: what has a finalizer goes after it.
  for (let turn = 0; turn < 2; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    collect()
  }
  return { heap: process.memoryUsage().heapUsed / 1e6, resident: process.memoryUsage.rss() / 1e6 }
}

/** Microseconds that `work` takes more than `bare`, the better of five rounds each. */
async function overhead(work: () => Promise<unknown>, bare: () => unknown): Promise<number> {
  const round = async (call: () => unknown): Promise<number> => {
    const started = performance.now()
    for (let i = 0; i < 20_000; i++) await call()
    return ((performance.now() - started) * 1000) / 20_000
  }
  const [with_, without]: [number[], number[]] = [[], []]
  for (let i = 0; i < 5; i++) {
    with_.push(await round(work))
    without.push(await round(bare))
  }
  return Math.min(...with_) - Math.min(...without)
}

async function answerOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    return isAnalyticsError(error) ? error.code : 'error'
  }
}

function bogus(i: number): string {
  return `sk_live_${(i + 1).toString(16).padStart(8, '0')}_${'A'.repeat(43)}`
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? 0
}
