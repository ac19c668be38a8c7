import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Analytics } from '@millimetric/core'
import type { TrackEvent } from '@millimetric/schema/wire'
import { progressBar } from '../progress.js'
import { SEED_TOTALS, seedRange, traffic } from './traffic.js'

const BATCH = 1000
const IN_FLIGHT = 8

/** The seeded month; kept in a file, so that a seeding that broke off goes on with the same month. */
export interface SeededMonth {
  from: number
  to: number
  done: boolean
}

/** Seeds the month once; the second time it finds it done. Throws when the store refuses an event. */
export async function seed(analytics: Analytics, folder: string, now: number): Promise<SeededMonth> {
  const file = join(folder, 'seed.json')
  const month = read(file) ?? { ...seedRange(now), done: false }
  if (month.done) return month
  save(file, month)
  await send(analytics, traffic(month.to))
  return save(file, { ...month, done: true })
}

async function send(analytics: Analytics, events: Generator<TrackEvent, void, undefined>): Promise<void> {
  const total = SEED_TOTALS.events + SEED_TOTALS.bot_events
  const bar = progressBar('Seeding 30 days of traffic', total)
  let sent = 0
  // Each lane takes the next batch when its last one is stored: ClickHouse writes while others are checked.
  const lane = async (): Promise<void> => {
    for (let batch = take(events); batch.length > 0; batch = take(events)) {
      const { results } = await analytics.batch(batch)
      for (const receipt of results) {
        if (!receipt.ok) throw new Error(`Seeding stopped (${receipt.code}): ${receipt.message}`)
      }
      sent += batch.length
      bar.at(sent)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  // Runs by itself within the minute; done now, the first questions are as fast as later ones.
  await analytics.maintain()
  bar.end()
}

function take(events: Generator<TrackEvent, void, undefined>): TrackEvent[] {
  const batch: TrackEvent[] = []
  while (batch.length < BATCH) {
    const next = events.next()
    if (next.done) break
    batch.push(next.value)
  }
  return batch
}

function read(file: string): SeededMonth | undefined {
  if (!existsSync(file)) return undefined
  try {
    const { from, to, done }: Partial<SeededMonth> = JSON.parse(readFileSync(file, 'utf8'))
    return typeof from === 'number' && typeof to === 'number' ? { from, to, done: done === true } : undefined
  } catch {
    return undefined
  }
}

function save(file: string, month: SeededMonth): SeededMonth {
  writeFileSync(`${file}.new`, `${JSON.stringify(month)}\n`)
  renameSync(`${file}.new`, file)
  return month
}
