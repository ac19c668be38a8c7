#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { createAnalytics } from '../analytics.js'
import { AnalyticsError, isAnalyticsError } from '../errors.js'
import { askServer, PARAMETERS, QUESTIONS, type Question } from './ask.js'
import { EXPLAIN_USAGE, explainVisit } from './classify.js'
import { COMMANDS, runCommand, text } from './commands.js'
import { findStores } from './stores.js'

const VALUE = { type: 'string' } as const
const FLAG = { type: 'boolean' } as const

const OPTIONS = {
  data: VALUE,
  clickhouse: VALUE,
  database: VALUE,
  postgres: VALUE,
  url: VALUE,
  key: VALUE,
  project: VALUE,
  slug: VALUE,
  origin: VALUE,
  kind: VALUE,
  name: VALUE,
  id: VALUE,
  owner: VALUE,
  overlap: VALUE,
  recount: VALUE,
  since: VALUE,
  user: VALUE,
  anonymous: VALUE,
  classifier: VALUE,
  plan: FLAG,
  diff: FLAG,
  apply: FLAG,
  include_bots: FLAG,
  json: FLAG,
  help: { ...FLAG, short: 'h' },
  ...Object.fromEntries(PARAMETERS.map((name) => [name, VALUE])),
} as const

const USAGE = `millimetric — analytics inside your backend

  ${[...COMMANDS.values()].map(({ usage }) => usage).join('\n  ')}
  ${EXPLAIN_USAGE}
  stats | sources | query    ask; parameters as on the wire: --range 7d --group_by source --interval day …

Where the data is:
  --data DIR                 embedded engines (DIR/events, DIR/keys); one process at a time
  --clickhouse URL           a ClickHouse server (or CLICKHOUSE_URL), --database NAME
  --postgres URL             a Postgres server (or DATABASE_URL), pepper in API_KEY_PEPPER
  --url URL --key KEY        for questions: a running server and a read key

--json prints JSON.`

/** Runs one command line; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    const [command, ...words] = positionals
    const print = printer(values.json === true)
    if (command === undefined || values.help === true) {
      console.log(USAGE)
      return command === undefined && values.help !== true ? 1 : 0
    }
    if (isQuestion(command)) {
      print(await ask(command, values))
      return 0
    }
    if (command === 'explain') {
      await explainVisit({ words, options: values, print })
      return 0
    }
    const found = COMMANDS.get(command)
    if (found === undefined) {
      const known = [...COMMANDS.keys(), 'explain', ...QUESTIONS].join(', ')
      throw new AnalyticsError('invalid_params', `Unknown command "${command}"; there are ${known}.`)
    }
    await runCommand(await stores(values), found.run, { words, options: values, print })
    return 0
  } catch (error) {
    if (!isAnalyticsError(error) && !isUsageError(error)) throw error
    console.error(
      isAnalyticsError(error) ? `${error.code}: ${error.message}` : `${error.message} (--help lists all)`,
    )
    return 1
  }
}

type Values = Readonly<Record<string, string | boolean | undefined>>

async function ask(question: Question, values: Values): Promise<unknown> {
  const params: Record<string, string> = {}
  for (const name of PARAMETERS) {
    const value = values[name]
    if (typeof value === 'string') params[name] = value
  }
  if (values.include_bots === true) params.include_bots = 'true'
  if (typeof values.url === 'string')
    return await askServer(values.url, text(values, 'key'), question, params)
  const { events, keys, end } = await stores(values)
  const analytics = createAnalytics({ events, keys })
  try {
    const project = typeof values.project === 'string' ? { project: values.project } : {}
    return await analytics[question](params, project)
  } finally {
    await analytics.close()
    await end()
  }
}

async function stores(values: Values): ReturnType<typeof findStores> {
  const given = (name: string, variable?: string): string | undefined => {
    const value = values[name] ?? (variable === undefined ? undefined : process.env[variable])
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return await findStores({
    data: given('data'),
    clickhouse: given('clickhouse', 'CLICKHOUSE_URL'),
    database: given('database'),
    postgres: given('postgres', 'DATABASE_URL'),
    pepper: given('', 'API_KEY_PEPPER'),
  })
}

function printer(json: boolean): (value: unknown) => void {
  return (value) => {
    if (typeof value === 'string') return console.log(value)
    const rows = typeof value === 'object' && value !== null && 'rows' in value ? value.rows : value
    if (json) console.log(JSON.stringify(value))
    else if (Array.isArray(rows)) console.table(rows)
    else console.log(JSON.stringify(value, null, 2))
  }
}

function isQuestion(word: string): word is Question {
  return QUESTIONS.some((question) => question === word)
}

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

process.exitCode = await main(process.argv.slice(2))
