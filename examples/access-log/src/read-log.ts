import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import type { TrackEvent } from '@millimetric/schema/wire'
import { parseLogLine } from './combined-log.js'
import { SiteGuess, toEvent } from './to-event.js'

/** What one look through a file tells before it is sent. */
export interface LogSurvey {
  lines: number
  valid: number
  /** Line numbers that could not be read, the first few. */
  failed: number[]
  /** Epoch milliseconds of the first and the last request. */
  from: number
  to: number
  site: string | undefined
}

/** Reads the file once for its days, its site and its broken lines. */
export async function surveyLog(file: string): Promise<LogSurvey> {
  const survey: LogSurvey = { lines: 0, valid: 0, failed: [], from: Infinity, to: -Infinity, site: undefined }
  const guess = new SiteGuess()
  for await (const { text, number } of linesOf(file)) {
    survey.lines += 1
    const line = parseLogLine(text)
    if (line === undefined) {
      if (survey.failed.length < 10) survey.failed.push(number)
      continue
    }
    survey.valid += 1
    survey.from = Math.min(survey.from, line.time)
    survey.to = Math.max(survey.to, line.time)
    if (line.referrer !== '') guess.add(line.referrer)
  }
  survey.site = guess.site()
  return survey
}

/** The file as events, in batches of at most `size`. */
export async function* batchesOf(
  file: string,
  site: string | undefined,
  size: number,
): AsyncGenerator<TrackEvent[], void, undefined> {
  let batch: TrackEvent[] = []
  for await (const { text, number } of linesOf(file)) {
    const line = parseLogLine(text)
    if (line === undefined) continue
    batch.push(toEvent(line, text, number, site))
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Lines that are not blank, numbered from 1; a `.gz` file is unpacked. */
async function* linesOf(file: string): AsyncGenerator<{ text: string; number: number }, void, undefined> {
  const bytes = createReadStream(file)
  const input = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  const broken = new Promise<never>((_, reject) => {
    bytes.once('error', reject)
    input.once('error', reject)
  })
  broken.catch(() => {})
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]()
  for (let number = 1; ; number += 1) {
    const next = await Promise.race([lines.next(), broken])
    if (next.done) return
    if (next.value.trim() !== '') yield { text: next.value, number }
  }
}
