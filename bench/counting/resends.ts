import { setTimeout as sleep } from 'node:timers/promises'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { requireEqual } from '../measure/figures.js'
import { DAY, UNTIL } from './fill.js'
import { createLedger, FROM, FUNNEL_WINDOW_MS, type LedgerAnswers, planSends, STEPS } from './ledger.js'

const BATCH = 1000
const SLICE = 6 * BATCH
const DATABASE = 'bench_resends'
const SETTLED_WITHIN_MS = 300_000

/**
 * Clients send one event of 20 again, at once or up to a day later, to another of three writers. Every way of counting
 * must say what a ledger says that saw each event once.
 */
export async function benchResends(path: string, events: number): Promise<void> {
  let now: number | undefined = FROM
  const keys = memoryKeys()
  const open = (): Analytics =>
    createAnalytics({
      events: chdbEvents({ path, database: DATABASE, rollupFromRows: Math.min(200_000, events / 2) }),
      keys,
      project: 'bench',
      clock: () => now ?? Date.now(),
    })
  const writers = [open(), open(), open()] as const
  const [first] = writers
  await first.projects.create({ slug: 'bench' })
  const { sends, resends } = planSends(events)
  const ledger = createLedger()
  const statuses = new Map<string, number>()
  const started = performance.now()
  for (let at = 0; at < sends.length; at += SLICE) {
    const slice = sends.slice(at, at + SLICE)
    // They arrive together: no event comes from the future, and none made here lies beyond the month.
    const arrival = Math.min(slice.at(-1)?.at ?? FROM, UNTIL - 1)
    now = arrival
    for (const { event } of slice) ledger.note(event, arrival)
    await Promise.all(
      writers.flatMap((analytics, writer) => {
        const own = slice.filter((send) => send.writer === writer)
        const batches = Array.from({ length: Math.ceil(own.length / BATCH) }, (_, n) =>
          own.slice(n * BATCH, (n + 1) * BATCH),
        )
        return batches.map(async (batch) => {
          const { results } = await analytics.batch(
            batch.map(({ event: { at: timestamp, stamped, ...event } }) =>
              stamped ? { ...event, timestamp } : event,
            ),
          )
          for (const { status } of results) statuses.set(status, (statuses.get(status) ?? 0) + 1)
        })
      }),
    )
    process.stderr.write(`\r${Math.min(at + SLICE, sends.length).toLocaleString('en')} sent`)
  }
  process.stderr.write('\n')
  // Upkeep compares its clock with the engine's.
  now = undefined
  const seconds = (performance.now() - started) / 1000
  console.log(
    `${events.toLocaleString('en')} events, ${resends.toLocaleString('en')} sent again, in ${seconds.toFixed(0)} s: ` +
      JSON.stringify(Object.fromEntries(statuses)),
  )
  const expected = ledger.answers()
  const { count, uniques, sessions, funnel } = expected
  console.log(`the ledger: ${JSON.stringify({ count, uniques, sessions, funnel })}`)
  await compare('before upkeep', first, expected)
  await settle(first)
  await compare('after upkeep', first, expected)
  const days = await first.stats({ ...RANGE, metrics: ['count', 'uniques'], interval: 'day' })
  requireEqual('the rollup answers', days.meta.answered_by, 'rollup')
  requireEqual(
    'days of the rollup',
    days.rows.map((row) => ({ count: row.count, uniques: row.uniques })),
    expected.days,
  )
  for (const analytics of writers) await analytics.close()
}

const RANGE = { from: new Date(FROM).toISOString(), to: new Date(UNTIL).toISOString() } as const

async function compare(when: string, analytics: Analytics, expected: LedgerAnswers): Promise<void> {
  const { rows } = await analytics.stats({
    ...RANGE,
    metrics: ['count', 'uniques', 'sessions', 'bounce_rate', 'session_duration', 'views_per_session'],
    raw: true,
  })
  const [all] = rows
  if (all === undefined) throw new Error('There is no answer.')
  requireEqual(`raw count, ${when}`, all.count, expected.count)
  requireEqual(`raw uniques, ${when}`, all.uniques, expected.uniques)
  requireEqual(
    `sessions, bounce rate, duration and views, ${when}`,
    [all.sessions, all.bounce_rate, all.session_duration, all.views_per_session],
    expected.sessions,
  )
  const names = await analytics.stats({ ...RANGE, metrics: ['count'], group_by: ['event_name'], raw: true })
  requireEqual(
    `events of each name, ${when}`,
    Object.fromEntries(names.rows.map((row) => [row.event_name, row.count])),
    expected.byName,
  )
  const funnel = await analytics.funnel({
    ...RANGE,
    steps: STEPS.map((event) => ({ event })),
    window: `${FUNNEL_WINDOW_MS / DAY}d`,
  })
  requireEqual(
    `steps of the funnel, ${when}`,
    funnel.steps.map(({ count }) => count),
    expected.funnel,
  )
}

/** Upkeep leaves alone what came in the last half minute. */
async function settle(analytics: Analytics): Promise<void> {
  const until = performance.now() + SETTLED_WITHIN_MS
  let [twins, days] = [0, 0]
  for (;;) {
    const { twins_removed, days_built } = await analytics.maintain()
    twins += twins_removed
    days += days_built
    const { meta } = await analytics.stats({ ...RANGE, interval: 'day' })
    if (meta.answered_by === 'rollup') break
    if (performance.now() > until) throw new Error('The days are not built.')
    await sleep(5000)
  }
  console.log(`${twins} twins removed and ${days} days built by the last rounds of upkeep`)
}
