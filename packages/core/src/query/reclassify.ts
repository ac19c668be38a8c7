import { type ClassifyOptions, RULESET_VERSION } from '@millimetric/classifier'
import { type Principal, requireScope } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import { hostOfPage, judgeVisit } from '../ingest/verdict.js'
import type { EventStore } from '../ports/event-store.js'
import {
  type EventRange,
  type Landing,
  type StoredVerdict,
  VERDICT_COLUMNS,
  type VerdictChange,
} from '../ports/verdict-store.js'
import { DAY_MS } from '../time.js'
import { isoInZone } from './calendar.js'
import { planScope } from './plan.js'

export interface ReclassifyDeps {
  store: EventStore
  clock: () => number
  classifier: ClassifyOptions | undefined
}

/** A range as in every question, and what to do with it. */
export interface ReclassifyParams {
  /** `today`, `30d`, `24h` …: instead of from and to. */
  range?: string | undefined
  /** ISO 8601, inclusive. Without a zone it is read in `timezone`. */
  from?: string | number | Date | undefined
  /** ISO 8601, exclusive. */
  to?: string | number | Date | undefined
  /** IANA zone; the project's by default. */
  timezone?: string | undefined
  /** Rewrite the events that move; false (only look) by default. */
  apply?: boolean | undefined
  /** How many moves are listed, 1–1000, default 100; totals count all. */
  limit?: number | undefined
}

/** One side of a move. */
export interface MoveSide {
  source: string
  medium: string
  channel: string
  confidence: string
  rule_id: string
}

/** Events that go from one verdict to another. */
export interface Move {
  from: MoveSide
  to: MoveSide
  /** Columns that change; `campaign`, `term` and `content` may be among them. */
  fields: readonly string[]
  events: number
  /** One visit of them, as stored. */
  example: { url: string; referrer: string }
}

export interface Reclassification {
  /** Version of the rules that judged. */
  ruleset: string
  /** Whether the events were rewritten. */
  applied: boolean
  timezone: string
  /** Inclusive, ISO 8601 with the offset of `timezone`. */
  from: string
  /** Exclusive. */
  to: string
  /** Events of the range, crawlers included. */
  events: number
  /** Of these, those of which any column of the verdict changes. */
  moving: number
  /** `moving` of `events`, 0 to 1. */
  share: number
  /** Events whose verdict rests on what is not stored; they stay as they are. */
  left_alone: number
  /** Largest first. */
  moves: readonly Move[]
  /** More moves exist than the limit let through. */
  truncated: boolean
  warnings: readonly string[]
}

// Landings of one read; a url may have some thousand characters.
const PAGE = 10_000
const SHORTEST_SLICE = 60_000
const LONGEST_SLICE = 64 * DAY_MS
const DEFAULT_LIMIT = 100
const MOST_MOVES = 1000

/**
 * Judges stored events again under the rules and options of now and says what would move; with `apply`, moves it. Errors:
 * `insufficient_scope`, `invalid_params`, `query_too_expensive`, `storage_unavailable` (an apply that died may have done
 * a part; run it again).
 */
export async function reclassify(
  deps: ReclassifyDeps,
  principal: Principal,
  params: ReclassifyParams,
): Promise<Reclassification> {
  requireScope(principal, 'admin')
  const { apply = false, limit = DEFAULT_LIMIT, ...asked } = params
  checkParams(apply, limit)
  const now = deps.clock()
  const scope = planScope({ clock: () => now }, principal, asked)
  // Nothing is stored with a time further ahead than a day.
  const to = Math.max(Math.min(scope.to, now + 2 * DAY_MS), scope.from)
  const range = { project_id: scope.project_id, from: scope.from, to }
  const tally = createTally()
  const changes = judgeAgain(deps, range, tally)
  if (apply) await deps.store.reclassify(range, changes)
  else for await (const _ of changes);
  const moves = tally.moves()
  return {
    ruleset: RULESET_VERSION,
    applied: apply,
    timezone: scope.timezone,
    from: isoInZone(scope.asked.from, scope.timezone),
    to: isoInZone(scope.asked.to, scope.timezone),
    events: tally.events,
    moving: tally.moving,
    share: tally.events === 0 ? 0 : tally.moving / tally.events,
    left_alone: tally.left_alone,
    moves: moves.slice(0, limit),
    truncated: moves.length > limit,
    warnings: scope.warnings,
  }
}

function checkParams(apply: unknown, limit: unknown): void {
  if (typeof apply !== 'boolean') {
    throw new AnalyticsError('invalid_params', 'apply: must be true or false.', {
      details: { field: 'apply' },
    })
  }
  if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > MOST_MOVES) {
    throw new AnalyticsError('invalid_params', `limit: must be a whole number from 1 to ${MOST_MOVES}.`, {
      details: { field: 'limit' },
    })
  }
}

/**
 * Pages of changes. The range is read in slices of time, as wide as one page holds: each page scans its slice, so that a
 * busy day read as one slice would be scanned for every page of it, and a quiet year read by the day for nothing.
 */
async function* judgeAgain(
  { store, classifier }: ReclassifyDeps,
  range: EventRange,
  tally: Tally,
): AsyncGenerator<readonly VerdictChange[]> {
  let width = DAY_MS
  for (let from = range.from; from < range.to; ) {
    const slice = { project_id: range.project_id, from, to: Math.min(from + width, range.to) }
    let page = await store.landings(slice, { after: '', limit: PAGE })
    if (page.length === PAGE && width > SHORTEST_SLICE) {
      width = Math.max(Math.floor(width / 4), SHORTEST_SLICE)
      continue
    }
    if (page.length < PAGE / 4) width = Math.min(width * 2, LONGEST_SLICE)
    from = slice.to
    for (;;) {
      yield changesOf(page, classifier, tally)
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) break
      page = await store.landings(slice, { after: last.key, limit: PAGE })
    }
  }
}

function changesOf(
  page: readonly Landing[],
  classifier: ClassifyOptions | undefined,
  tally: Tally,
): VerdictChange[] {
  return page.flatMap((landing) => {
    const verdict = isJudgeable(landing) ? judge(landing, classifier) : undefined
    const fields = verdict === undefined ? [] : changedFields(landing.verdict, verdict)
    tally.add(landing, verdict, fields)
    return verdict === undefined || fields.length === 0 ? [] : [{ key: landing.key, verdict }]
  })
}

// Rules that may have looked at the host of the request, which is stored only as part of the url.
const BY_OWN_HOST: ReadonlySet<string> = new Set(['referrer_own', 'referrer_neighbour'])

/** Whether what is stored is all that the verdict was made from. */
function isJudgeable({ url, verdict }: Landing): boolean {
  // No user agent is stored.
  if (verdict.source_rule_id === 'in_app_browser') return false
  return url !== '' || !BY_OWN_HOST.has(verdict.source_rule_id)
}

function judge({ url, referrer }: Landing, classifier: ClassifyOptions | undefined): StoredVerdict {
  return judgeVisit({ url, referrer, request_host: hostOfPage(url), user_agent: '' }, classifier)
}

function changedFields(before: StoredVerdict, after: StoredVerdict): string[] {
  return VERDICT_COLUMNS.filter((name) => before[name] !== after[name])
}

interface Tally {
  events: number
  moving: number
  left_alone: number
  add(landing: Landing, verdict: StoredVerdict | undefined, fields: readonly string[]): void
  moves(): Move[]
}

function createTally(): Tally {
  const moves = new Map<string, Move>()
  return {
    events: 0,
    moving: 0,
    left_alone: 0,
    add({ url, referrer, verdict: before, events }, after, fields) {
      this.events += events
      if (after === undefined) this.left_alone += events
      if (after === undefined || fields.length === 0) return
      this.moving += events
      const [from, to] = [sideOf(before), sideOf(after)]
      const name = JSON.stringify([from, to, fields])
      const known = moves.get(name)
      if (known === undefined) moves.set(name, { from, to, fields, events, example: { url, referrer } })
      else known.events += events
    },
    moves() {
      return [...moves]
        .sort(([a, x], [b, y]) => y.events - x.events || (a < b ? -1 : 1))
        .map(([, move]) => move)
    },
  }
}

function sideOf({ source, medium, channel, source_confidence, source_rule_id }: StoredVerdict): MoveSide {
  return { source, medium, channel, confidence: source_confidence, rule_id: source_rule_id }
}
