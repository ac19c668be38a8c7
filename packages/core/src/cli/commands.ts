import { createAnalytics } from '../analytics.js'
import type { Analytics } from '../api.js'
import { AnalyticsError } from '../errors.js'
import { CLASSIFY_USAGE, classifierOf, classifyHistory } from './classify.js'
import { FORGET_USAGE, forgetPerson, RETENTION_USAGE } from './privacy.js'
import type { Stores } from './stores.js'

export interface CommandInput {
  /** Words behind the command. */
  words: readonly string[]
  /** Options of the command, such as `--slug`. */
  options: Readonly<Record<string, string | boolean | undefined>>
  print: (value: unknown) => void
}

type Run = (stores: Stores, analytics: Analytics, input: CommandInput) => Promise<void>

/** Commands that open the stores themselves. */
export const COMMANDS: ReadonlyMap<string, { usage: string; run: Run }> = new Map([
  [
    'migrate',
    {
      usage: 'migrate [--plan]           create or update the tables of both stores; --plan prints the SQL',
      async run({ events, keys }, _analytics, { options, print }) {
        if (options.plan === true) {
          print(`-- ${events.name}\n${events.plan()}\n-- ${keys.name}\n${keys.plan()}`)
          return
        }
        print({ [events.name]: await events.migrate(), [keys.name]: await keys.migrate() })
      },
    },
  ],
  [
    'projects',
    {
      usage:
        'projects [list]            all projects\n  projects create --slug S [--origin O] [--timezone Z] [--owner O]   a project and its three keys, shown once',
      async run(_stores, { projects }, { words, options, print }) {
        if (words[0] === undefined || words[0] === 'list') return print(await projects.list())
        if (words[0] !== 'create') throw unknownWord('projects', words[0], ['list', 'create'])
        const { origin, timezone } = options
        print(
          await projects.create({
            slug: text(options, 'slug'),
            ...(typeof origin === 'string' ? { allowed_origins: origin.split(',') } : {}),
            ...(typeof timezone === 'string' ? { timezone } : {}),
            ...(typeof options.owner === 'string' ? { owner: options.owner } : {}),
          }),
        )
      },
    },
  ],
  [
    'keys',
    {
      usage:
        'keys [list] --project P    keys of a project\n  keys create --project P --kind pk|sk|rk [--name N]     a key, shown once\n  keys rotate --project P --id ID [--overlap SECONDS]    a new key beside the old one, which ends after a day\n  keys revoke --project P --id ID                        ends a key\n  keys create --owner O [--name N]                       an account key: reads every project of the owner\n  keys [list|rotate|revoke] --owner O …                  the same for account keys',
      async run(_stores, analytics, { words, options, print }) {
        if (typeof options.owner === 'string') {
          return print(await accountKeys(analytics, text(options, 'owner'), words[0], options))
        }
        const project = await analytics.projects.find(text(options, 'project'))
        if (project === undefined)
          throw new AnalyticsError('unknown_project', `There is no project "${text(options, 'project')}".`)
        if (words[0] === undefined || words[0] === 'list') return print(await analytics.keys.list(project.id))
        if (words[0] === 'revoke') return print(await analytics.keys.revoke(project.id, text(options, 'id')))
        if (words[0] === 'rotate')
          return print(await analytics.keys.rotate(project.id, text(options, 'id'), overlap(options)))
        if (words[0] !== 'create') throw unknownWord('keys', words[0], ['list', 'create', 'rotate', 'revoke'])
        const kind = text(options, 'kind')
        if (kind !== 'pk' && kind !== 'sk' && kind !== 'rk') {
          throw new AnalyticsError('invalid_params', `--kind must be pk, sk or rk; got "${kind}".`)
        }
        const { name } = options
        print(
          await analytics.keys.create({
            project_id: project.id,
            kind,
            ...(typeof name === 'string' ? { name } : {}),
          }),
        )
      },
    },
  ],
  [
    'classify',
    {
      usage: CLASSIFY_USAGE,
      run: async (_stores, analytics, input) => await classifyHistory(analytics, input),
    },
  ],
  [
    'usage',
    {
      usage:
        'usage [--project P]        stored events by month\n  usage --recount YYYY-MM [--project P]                  counts a month again from its events',
      async run(_stores, analytics, { options, print }) {
        const project = typeof options.project === 'string' ? { project: options.project } : {}
        print(
          typeof options.recount === 'string'
            ? await analytics.recountUsage({ ...project, month: options.recount })
            : await analytics.usage(project),
        )
      },
    },
  ],
  [
    'quarantine',
    {
      usage:
        'quarantine [--project P] [--limit N]                   events that the store refused, with the reason',
      async run({ events }, { projects }, { options, print }) {
        const limit = Number(options.limit ?? 100)
        if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
          throw new AnalyticsError('invalid_params', '--limit must be a whole number from 1 to 10000.')
        }
        const one = typeof options.project === 'string' ? await projects.find(options.project) : undefined
        if (one === undefined && options.project !== undefined) {
          throw new AnalyticsError('unknown_project', `There is no project "${String(options.project)}".`)
        }
        const rows = []
        for (const { id, slug } of one === undefined ? await projects.list() : [one]) {
          for (const { quarantined_at, event_id, code, reason, row } of await events.quarantined(id, limit)) {
            const at = new Date(quarantined_at).toISOString()
            rows.push({ project: slug, quarantined_at: at, event_id, code, reason, row })
          }
        }
        print(rows)
      },
    },
  ],
  [
    'forget',
    {
      usage: FORGET_USAGE,
      async run(_stores, analytics, { options, print }) {
        print(await forgetPerson(analytics, options))
      },
    },
  ],
  [
    'retention',
    {
      usage: RETENTION_USAGE,
      async run(_stores, analytics, { print }) {
        print(await analytics.retention.run())
      },
    },
  ],
  [
    'doctor',
    {
      usage: 'doctor                     opens both stores and says what is there',
      async run({ events, keys }, { projects }, { print }) {
        await events.migrate()
        const listed = await projects.list()
        const [pepper] = await keys.peppers()
        print({
          events: { store: events.name, ok: true },
          keys: { store: keys.name, ok: true, pepper_id: pepper.id },
          projects: listed.map(({ slug, id }) => ({ slug, id })),
        })
      },
    },
  ],
])

async function accountKeys(
  { keys }: Analytics,
  owner: string,
  word: string | undefined,
  options: CommandInput['options'],
): Promise<unknown> {
  if (word === undefined || word === 'list') return await keys.account.list(owner)
  if (word === 'rotate') return await keys.account.rotate(owner, text(options, 'id'), overlap(options))
  if (word === 'revoke') return await keys.account.revoke(owner, text(options, 'id'))
  if (word !== 'create') throw unknownWord('keys', word, ['list', 'create', 'rotate', 'revoke'])
  return await keys.account.create({
    owner,
    ...(typeof options.name === 'string' ? { name: options.name } : {}),
  })
}

function overlap({ overlap: seconds }: CommandInput['options']): { overlap_s?: number } {
  return typeof seconds === 'string' ? { overlap_s: Number(seconds) } : {}
}

export async function runCommand(stores: Stores, run: Run, input: CommandInput): Promise<void> {
  const classifier = await classifierOf(input.options)
  const analytics = createAnalytics({
    events: stores.events,
    keys: stores.keys,
    ...(classifier === undefined ? {} : { classifier }),
  })
  try {
    await run(stores, analytics, input)
  } finally {
    await analytics.close()
    await stores.end()
  }
}

export function text(options: CommandInput['options'], name: string): string {
  const value = options[name]
  if (typeof value === 'string' && value !== '') return value
  throw new AnalyticsError('invalid_params', `--${name} is missing.`)
}

function unknownWord(command: string, word: string, known: readonly string[]): AnalyticsError {
  return new AnalyticsError('invalid_params', `${command} ${word}: unknown; try ${known.join(', ')}.`)
}
