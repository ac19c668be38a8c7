import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { mcp } from '@millimetric/core/mcp'
import { pgliteKeys } from '@millimetric/core/pglite'
import { demoApp } from './app.js'
import { type Listening, listen } from './listen.js'
import { type DemoOptions, readOptions } from './options.js'
import { type DemoProject, openProject, PROJECT } from './project.js'
import { seed } from './seed/seed.js'
import { statsTable } from './table.js'

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env)
  mkdirSync(options.folder, { recursive: true })
  const analytics = createAnalytics({
    events: chdbEvents({ path: join(options.folder, 'events') }),
    keys: pgliteKeys({ path: join(options.folder, 'keys') }),
    project: PROJECT,
    extensions: [mcp()],
  })
  let server: Listening | undefined
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await server?.close()
      await analytics.close()
    })()
    return stopping
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second Ctrl+C does not wait.
      if (stopping) process.exit(130)
      stop().then(() => process.exit(0), fail)
    })
  }

  try {
    // The port is taken first: a busy one should not come to light after the seeding.
    const app = demoApp(analytics)
    if (!options.once) server = await listen(app.fetch, options)
    const port = server?.port ?? options.port
    const url = `http://localhost:${port}`
    const origins = [url, `http://127.0.0.1:${port}`]
    const project = await openProject(analytics, options.folder, origins)
    if (options.seed) await seed(analytics, options.folder, Date.now())
    app.ready(project)
    say(await statsTable(analytics, Date.now()))
    if (!options.once) say(tryIt(url, project))
    announce(options, url, project)
    if (options.once) await stop()
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }

  /** Results go to stdout, unless `--json` wants it for itself. */
  function say(text: string): void {
    ;(options.json ? process.stderr : process.stdout).write(`${text}\n`)
  }
}

function announce(options: DemoOptions, url: string, { id, keys }: DemoProject): void {
  if (options.json) process.stdout.write(`${JSON.stringify({ url, project_id: id, keys })}\n`)
}

function tryIt(url: string, { keys }: DemoProject): string {
  return `Open ${url} and click around: your visit shows up in the numbers.

Send an event:
  curl -X POST ${url}/v1/track -H 'Authorization: Bearer ${keys.sk}' \\
    -H 'Content-Type: application/json' -d '{"event":"signup","anonymous_id":"me"}'
Ask:
  curl '${url}/v1/stats?metric=uniques&range=7d&interval=day' -H 'Authorization: Bearer ${keys.rk}'
  curl '${url}/v1/sources?range=30d' -H 'Authorization: Bearer ${keys.rk}'
  curl '${url}/v1/query?range=today&limit=5' -H 'Authorization: Bearer ${keys.rk}'
Let an agent ask:
  claude mcp add --transport http millimetric ${url}/mcp --header 'Authorization: Bearer ${keys.rk}'

Ctrl+C ends it; the data stays.`
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

main().catch(fail)
