import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { pgliteKeys } from '@millimetric/core/pglite'
import { batchesOf, surveyLog } from './read-log.js'
import { countLog, printReport } from './report.js'

const USAGE = 'Usage: npm run replay -- FILE [--json] [--site https://www.example.com]'
const PROJECT = 'access-log'
const BATCH = 1000
const IN_FLIGHT = 4

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  // npm runs this in its own folder and says in INIT_CWD where the user stands.
  const here = process.env.INIT_CWD ?? process.cwd()
  const file = resolve(here, positionals[0] ?? '')
  const folder = resolve(here, process.env.DATA_DIR ?? '.millimetric/access-log')

  const survey = await surveyLog(file)
  if (survey.valid === 0) throw new Error(`${file} has no line in the combined log format.`)
  const site = values.site ?? survey.site
  const failed = survey.lines - survey.valid
  const where =
    failed > 0 ? ` (line ${survey.failed.join(', ')}${failed > survey.failed.length ? ', …' : ''})` : ''
  say(
    `${survey.valid} valid requests, ${failed} failed${where}; site ${site ?? 'unknown, tell it with --site'}`,
  )

  mkdirSync(folder, { recursive: true })
  const analytics = createAnalytics({
    events: chdbEvents({ path: resolve(folder, 'events') }),
    keys: pgliteKeys({ path: resolve(folder, 'keys') }),
    project: PROJECT,
  })
  try {
    if ((await analytics.projects.find(PROJECT)) === undefined) {
      await analytics.projects.create({ slug: PROJECT, name: 'Access log' })
    }
    await send(analytics, file, site)
    const report = await countLog(analytics, survey)
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`)
    else printReport(report)
  } finally {
    await analytics.close()
  }
}

function readArguments(): { values: { json?: boolean; site?: string }; positionals: string[] } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, site: { type: 'string' } },
  })
  if (positionals.length !== 1) throw new Error(USAGE)
  if (values.site !== undefined && !URL.canParse(values.site)) throw new Error(`--site is no URL. ${USAGE}`)
  return { values, positionals }
}

/** Sends a few batches at a time: the next ones are read and checked while ClickHouse writes. */
async function send(analytics: Analytics, file: string, site: string | undefined): Promise<void> {
  const refused = new Map<string, number>()
  const open = new Set<Promise<void>>()
  let fresh = 0
  let known = 0
  for await (const batch of batchesOf(file, site, BATCH)) {
    const sent = analytics.batch(batch).then(({ results }) => {
      for (const receipt of results) {
        if (receipt.ok) {
          if (receipt.status === 'stored') fresh += 1
          else known += 1
        } else if (receipt.status === 'failed') throw new Error(`${receipt.code}: ${receipt.message}`)
        else refused.set(receipt.code, (refused.get(receipt.code) ?? 0) + 1)
      }
    })
    open.add(sent)
    sent.then(
      () => open.delete(sent),
      () => {},
    )
    if (open.size >= IN_FLIGHT) await Promise.race(open)
  }
  await Promise.all(open)
  say(`${fresh} new, ${known} known from an earlier replay`)
  for (const [code, count] of refused) say(`${count} refused: ${code}`)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
})
