import { inWords, suggest } from '@millimetric/schema'
import { LIMITS, TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import {
  DIMENSIONS,
  type EventMatch,
  METRICS,
  type QuestionParams,
  type RangeParams,
  type ResultMeta,
  SESSION_DIMENSIONS,
} from '@millimetric/schema/wire'
import type { Principal } from '../auth/principal.js'
import type { Catalog } from '../catalog.js'
import { AnalyticsError } from '../errors.js'
import type { Condition, Match } from '../ports/conditions.js'
import type { PlanScope, ResultFacts } from '../ports/query-plan.js'
import { DAY_MS, SECONDS_LOOK } from '../time.js'
import { isoInZone, shift, startOf } from './calendar.js'
import { askedNames, equalities, toConditions, toMatch } from './conditions.js'
import { checkZone, parseInZone } from './zone.js'

/** What every plan starts from: the project pinned, the range bounded and clamped to what may be read. */
export interface Scope {
  project_id: string
  from: number
  to: number
  timezone: string
  include_bots: boolean
  /** What exists for the asker at all. */
  visible: readonly Condition[]
  filters: readonly Condition[]
  /** The events that a goal or a step of the question names. Throws `invalid_params` for such as the catalog does not hold. */
  match(of: EventMatch): Match
  /** Older events and links do not count: retention. */
  kept_from: number
  /** The range as asked for, before retention cut it. */
  asked: { from: number; to: number }
  warnings: string[]
}

/** The part of a zod schema that is used here; zod itself stays inside the schema package. */
interface ParamsSchema<T> {
  readonly shape?: object
  safeParse(
    input: unknown,
    options: { error: typeof inWords },
  ):
    | { success: true; data: T }
    | {
        success: false
        error: {
          issues: readonly {
            code?: string | undefined
            path: readonly PropertyKey[]
            message: string
            keys?: readonly string[]
            values?: readonly unknown[]
          }[]
        }
      }
}

const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['metric', METRICS],
  ['metrics', METRICS],
  ['group_by', [...new Set([...DIMENSIONS, ...SESSION_DIMENSIONS])]],
])

/** Turns a failed shape check into the contract's error, naming the parameter and what it takes: `lists`, by parameter. */
export function readParams<T>(
  schema: ParamsSchema<T>,
  input: unknown,
  lists: ReadonlyMap<string, readonly string[]> = ALLOWED,
): T {
  const parsed = schema.safeParse(input ?? {}, { error: inWords })
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  // A key that is spelt wrong is missing, too; what was written says more.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  const field = String(issue?.path[0] ?? '')
  const allowed = issue?.code === 'invalid_value' ? issue.values : lists.get(field)
  if (issue?.code === 'unrecognized_keys') {
    const unknown = issue.keys?.slice(0, 20) ?? []
    if (issue.path.length > 0) {
      const key = unknown[0]?.slice(0, 64) ?? ''
      throw invalid(issue.path.join('.'), `unknown key "${key}"${suggest(key, ['event', 'name', 'filters'])}`)
    }
    const names = Object.keys(schema.shape ?? {})
    const listed = unknown.slice(0, 5).map((name) => `${name}${suggest(name, names)}`)
    throw new AnalyticsError(
      'invalid_params',
      `Unknown parameter: ${listed.join(', ')}; there are ${names.join(', ')}.`,
      { details: { unknown } },
    )
  }
  throw new AnalyticsError(
    field === 'group_by' ? 'invalid_group_by' : 'invalid_params',
    describeIssue(issue?.path ?? [], issue?.message ?? 'not valid'),
    { details: { field, ...(allowed === undefined ? {} : { allowed }) } },
  )
}

/** What is wrong, with its place, unless the words begin with what was written there. */
function describeIssue(path: readonly PropertyKey[], message: string): string {
  const [first = '', ...rest] = path.map(String)
  if (first === '') return 'A question is an object of parameters.'
  if (message.startsWith(`${first}.`) || message.startsWith(`${first}[`)) return message
  const place = rest.length > 0 && !message.startsWith('"') ? ` (at ${rest.join('.').slice(0, 200)})` : ''
  return `${first}: ${message.replace(`${first}: `, '')}${place}`
}

export function planScope(
  { clock, catalog }: { clock: () => number; catalog?: Catalog | undefined },
  principal: Principal,
  params: QuestionParams,
): Scope {
  const { project } = principal
  const names = askedNames(catalog, principal)
  const now = clock()
  const timezone = params.timezone ?? project.timezone
  checkZone(timezone)
  const asked = readRange(params, timezone, now)
  const oldest = project.retention_days === null ? TIMESTAMP_RANGE.min : now - project.retention_days * DAY_MS
  const from = Math.max(asked.from, oldest)
  return {
    project_id: project.id,
    // Retention is logical first: rows that only wait for their removal are never read.
    from,
    to: Math.max(asked.to, from),
    kept_from: oldest,
    timezone,
    include_bots: params.include_bots ?? false,
    visible: principal.visible ?? [],
    filters: [...equalities(params, names), ...toConditions(params.filters, names)],
    match: (of) => toMatch(of, names),
    asked,
    warnings:
      oldest > asked.from && project.retention_days !== null
        ? [`This project keeps ${project.retention_days} days; older events are not counted.`]
        : [],
  }
}

/** The same question of another range; retention cuts that one too. */
export function within(scope: Scope, range: { from: number; to: number }): Scope {
  const from = Math.max(range.from, scope.kept_from)
  if (from > range.from && !scope.warnings.some((text) => text.startsWith('The range compared'))) {
    scope.warnings.push('The range compared with is partly older than what this project keeps.')
  }
  return { ...scope, from, to: Math.max(range.to, from), asked: range }
}

const SHORT = /^(\d{1,4})([dh])$/

function readRange(params: RangeParams, zone: string, now: number): { from: number; to: number } {
  const { range, from, to } = params
  if (range !== undefined) {
    if (from !== undefined || to !== undefined) throw invalid('range', 'send either range, or from and to')
    return shortRange(range, zone, now) ?? unknownRange(range)
  }
  if (from === undefined) throw invalid('from', 'missing; send from and to as ISO 8601, or range=7d')
  const short = typeof from === 'string' ? shortRange(from, zone, now) : undefined
  if (to === undefined && short === undefined)
    throw invalid('to', 'missing; send from and to as ISO 8601, or range=7d')
  const start = short?.from ?? readMoment('from', from, zone)
  const end = to === undefined ? (short?.to ?? now) : readMoment('to', to, zone)
  if (start >= end) throw invalid('from', 'is not before to')
  return { from: start, to: end }
}

function unknownRange(range: string): never {
  throw invalid('range', `"${range}" is not one of today, yesterday, week, month, 7d, 30d, 24h`)
}

/** `7d` = the last seven days of the zone with today as the seventh; `24h` = the last 24 hours exactly. */
function shortRange(text: string, zone: string, now: number): { from: number; to: number } | undefined {
  const today = startOf('day', now, zone)
  const tomorrow = shift('day', today, 1, zone)
  if (text === 'today') return { from: today, to: tomorrow }
  if (text === 'yesterday') return { from: shift('day', today, -1, zone), to: today }
  if (text === 'week' || text === 'month') {
    const start = startOf(text, now, zone)
    return { from: start, to: shift(text, start, 1, zone) }
  }
  const match = SHORT.exec(text)
  const count = Number(match?.[1] ?? 0)
  if (match === null || count === 0) return undefined
  if (match[2] === 'h') return { from: now - count * 3_600_000, to: now }
  return { from: shift('day', today, 1 - count, zone), to: tomorrow }
}

function readMoment(field: 'from' | 'to', value: string | number | Date, zone: string): number {
  // An address has only text: there epoch milliseconds are digits. Eight of them are a date, 20260501.
  const moment = typeof value === 'string' && /^\d{9,16}$/.test(value) ? Number(value) : value
  if (typeof moment === 'number' && moment > 0 && moment < SECONDS_LOOK) {
    throw invalid(field, `${moment} looks like seconds; send epoch milliseconds or ISO 8601`)
  }
  const ms =
    moment instanceof Date
      ? moment.getTime()
      : typeof moment === 'string'
        ? parseInZone(moment, zone)
        : moment
  if (ms === undefined || !Number.isFinite(ms)) {
    throw invalid(field, 'is not ISO 8601, for example 2026-05-01 or 2026-05-01T00:00:00Z')
  }
  return Math.min(Math.max(Math.floor(ms), TIMESTAMP_RANGE.min), TIMESTAMP_RANGE.max)
}

function invalid(field: string, message: string): AnalyticsError {
  return new AnalyticsError('invalid_params', `${field}: ${message}.`, { details: { field } })
}

/** The part of a scope that goes into every plan. */
export function pinned(scope: Scope): PlanScope {
  const { project_id, kept_from, from, to, visible, filters, include_bots } = scope
  return { project_id, kept_from, from, to, visible, filters, include_bots }
}

export function describeResult(
  scope: Scope,
  facts: ResultFacts,
  comparedTo?: { from: number; to: number },
): ResultMeta {
  const range = ({ from, to }: { from: number; to: number }): { from: string; to: string } => ({
    from: isoInZone(from, scope.timezone),
    to: isoInZone(to, scope.timezone),
  })
  return {
    timezone: scope.timezone,
    ...range(scope.asked),
    ...(comparedTo === undefined ? {} : { compared_to: range(comparedTo) }),
    include_bots: scope.include_bots,
    answered_by: facts.answered_by,
    estimated: facts.estimated,
    truncated: facts.truncated,
    warnings: scope.warnings,
  }
}

export const DEFAULT_LIMIT: number = LIMITS.queryLimitDefault
