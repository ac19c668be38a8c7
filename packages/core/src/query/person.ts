import { personParamsSchema } from '@millimetric/schema'
import { TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import type { PersonQuestion, PersonResponse, PersonTouch } from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { CallOptions } from '../ports/event-store.js'
import { compareText } from '../ports/order.js'
import type { Touch } from '../ports/query-plan.js'
import { isoInZone } from './calendar.js'
import { readCursor, writeCursor } from './cursor.js'
import type { QueryDeps } from './events.js'
import { DEFAULT_LIMIT, describeResult, planScope, readParams, type Scope } from './plan.js'

/**
 * Who somebody is, and everything they did on all their devices, a page at a time: walking `next_cursor` brings every
 * event once. Errors: `invalid_params`, `insufficient_scope`, `query_too_expensive`, `storage_unavailable`.
 */
export async function queryPerson(
  deps: QueryDeps,
  principal: Principal,
  input: PersonQuestion,
  options: CallOptions = {},
): Promise<PersonResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const { user_id = '', anonymous_id = '', limit, cursor, ...range } = readParams(personParamsSchema, input)
  if ((user_id === '') === (anonymous_id === '')) {
    throw new AnalyticsError('invalid_params', 'user_id: send either user_id or anonymous_id.', {
      details: { field: 'user_id' },
    })
  }
  const scope = scopeOf(deps, principal, range)
  const page = {
    limit: limit ?? DEFAULT_LIMIT,
    after: cursor === undefined ? null : readCursor(cursor),
  }
  const { project_id, kept_from, visible, from, to } = scope
  const found = await deps.store.query<'person'>(
    { kind: 'person', project_id, kept_from, visible, from, to, user_id, anonymous_id, ...page },
    { ...options, began: performance.now() },
  )
  const moment = (ms: number | null): string | null => (ms === null ? null : isoInZone(ms, scope.timezone))
  return {
    user_id: found.user_id === '' ? null : found.user_id,
    anonymous_ids: found.anonymous_ids,
    conflicts: found.conflicts,
    events: found.events,
    first_seen: moment(found.first_seen),
    last_seen: moment(found.last_seen),
    first_touch: shapeTouch(found.first_touch, scope.timezone),
    last_touch: shapeTouch(found.last_touch, scope.timezone),
    traits: Object.fromEntries(Object.entries(found.traits).sort(([a], [b]) => compareText(a, b))),
    timeline: found.rows,
    next_cursor: found.next === null ? null : writeCursor(found.next),
    meta: describeResult(scope, found),
  }
}

/** Crawlers' events too: a person who asks for their data gets all of it. Without a range, all that is kept. */
function scopeOf(deps: QueryDeps, principal: Principal, range: PersonQuestion): Scope {
  const { from, to, range: short, timezone } = range
  if (from !== undefined || to !== undefined || short !== undefined) {
    return planScope(deps, principal, { ...range, include_bots: true })
  }
  const everything = { from: TIMESTAMP_RANGE.min, to: TIMESTAMP_RANGE.max, include_bots: true }
  const scope = planScope(deps, principal, { timezone, ...everything })
  // Nobody asked for what is not kept.
  return { ...scope, asked: { from: scope.from, to: scope.to }, warnings: [] }
}

function shapeTouch(touch: Touch | null, zone: string): PersonTouch | null {
  if (touch === null) return null
  const { timestamp, source, medium, campaign, channel } = touch
  return {
    timestamp: isoInZone(timestamp, zone),
    source,
    medium,
    campaign: campaign === '' ? null : campaign,
    channel,
  }
}
