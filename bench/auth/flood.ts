import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Analytics } from '../../packages/core/src/api.js'
import { figure } from '../measure/figures.js'
import { percentile } from '../measure/race.js'

const FLOOD = 100_000
const SENDERS = 500
const ROUNDS = 3
const UNCACHED = 20

type Send = () => Promise<unknown>

/** 100,000 distinct bogus keys from 500 senders who wait for nothing but the answer, beside good keys. */
export async function measureFlood(analytics: Analytics, statements: () => number): Promise<void> {
  const { project, keys } = await analytics.projects.create({ slug: 'flooded' })
  const uncached: string[] = []
  for (let i = 0; i < UNCACHED; i++) {
    uncached.push((await analytics.keys.create({ project_id: project.id, kind: 'sk' })).secret)
  }
  const answers = new Map<number, number>()
  let sent = 0
  const ask = async (key: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` }
    // An empty batch: a good key is told so, and nothing is stored.
    const request = new Request('http://host.test/v1/batch', { method: 'POST', headers, body: '{}' })
    const answer = await analytics.handler(request)
    await answer.text()
    return answer.status
  }
  const good: Send = async () => {
    if ((await ask(keys.sk)) !== 400) throw new Error('A good key was refused.')
  }
  const flood: Send = async () => {
    const status = await ask(`sk_live_${(++sent).toString(16).padStart(8, '0')}_${'A'.repeat(43)}`)
    answers.set(status, (answers.get(status) ?? 0) + 1)
  }

  // The engine sizes its heap under load once: what counts is what a flood adds to as many good requests.
  const busy = [await peakOf(breathing(good))]
  const calmUntil = performance.now() + 3_000
  const calm = await latencies(good, () => performance.now() > calmUntil)
  const drowned: number[] = []
  const kept: number[] = []
  const flooded: number[] = []
  const fresh: { ms: number; status: number }[] = []
  let perSecond = 0
  for (let round = 0; round < ROUNDS; round++) {
    const [before, started] = [statements(), performance.now()]
    let over = false
    const flooding = peakOf(flood).then((peak) => {
      over = true
      return peak
    })
    const probes = round === 0 ? probe(ask, uncached, fresh) : undefined
    flooded.push(...(await latencies(good, () => over)))
    drowned.push(await flooding)
    const seconds = (performance.now() - started) / 1000
    perSecond = Math.max(perSecond, (statements() - before) / seconds)
    console.log(`      flood of ${FLOOD} distinct bogus keys: ${seconds.toFixed(1)} s`)
    await probes
    kept.push(await keptMemory())
    busy.push(await peakOf(breathing(good)))
  }
  console.log(`      answers to bogus keys by status: ${JSON.stringify([...answers])}`)
  console.log(
    `      resident at the peak, MB: ${shown(busy)} with good requests, ${shown(drowned)} in floods of as many`,
  )
  console.log(`      kept on the heap after each flood, garbage collected: ${shown(kept)} MB`)
  console.log(
    `      good key: p99 ${percentile(calm, 99).toFixed(2)} ms calm, ${percentile(flooded, 99).toFixed(2)} ms flooded (${flooded.length} asked)`,
  )
  figure('Postgres lookups in a flood', perSecond, { atMost: 50 }, '/s')
  figure(
    'memory of a flood beside as many good requests',
    Math.max(...drowned) - Math.max(...busy),
    { atMost: 20 },
    ' MB',
  )
  figure(
    'p99 of a good key in a flood, more than calm',
    percentile(flooded, 99) - percentile(calm, 99),
    { atMost: 5 },
    ' ms',
  )
  figure(
    'uncached good keys in a flood, slowest answer',
    Math.max(...fresh.map(({ ms }) => ms)),
    { atMost: 2_000 },
    ' ms',
  )
  figure('uncached good keys in a flood, refused', fresh.filter(({ status }) => status === 401).length, {
    atMost: 0,
  })
}

/** Good requests have no database to wait for. */
function breathing(send: Send): Send {
  return async () => {
    await send()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Milliseconds of one request after another. */
async function latencies(send: Send, isOver: () => boolean): Promise<number[]> {
  const times: number[] = []
  while (!isOver()) {
    const started = performance.now()
    await send()
    times.push(performance.now() - started)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return times
}

async function probe(
  ask: (key: string) => Promise<number>,
  keys: readonly string[],
  into: { ms: number; status: number }[],
): Promise<void> {
  for (const key of keys) {
    const started = performance.now()
    const status = await ask(key)
    into.push({ ms: performance.now() - started, status })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Most megabytes resident while so many requests are sent; nothing is collected by force. */
async function peakOf(send: Send): Promise<number> {
  let left = FLOOD
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss() / 1e6)
  }, 20)
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (left-- > 0) await send()
    }),
  )
  clearInterval(watch)
  return peak
}

/** Megabytes that are still referenced. */
async function keptMemory(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('There is no way to collect garbage here.')
  // Twice, with a turn before each: what has a finalizer goes after it.
  for (let turn = 0; turn < 2; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    collect()
  }
  return process.memoryUsage().heapUsed / 1e6
}

function shown(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(', ')
}
