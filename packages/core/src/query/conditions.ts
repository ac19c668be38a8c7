import { suggest } from '@millimetric/schema'
import { LIMITS } from '@millimetric/schema/limits'
import type { EventFilter, EventFilters, EventMatch, FilterParams } from '@millimetric/schema/wire'
import type { Principal } from '../auth/principal.js'
import type { Catalog } from '../catalog.js'
import { AnalyticsError } from '../errors.js'
import type { Condition, Field, Match, TextCondition } from '../ports/conditions.js'

/** Event names that questions may ask for. */
export interface AskedNames {
  readonly events: Catalog['events']
  /** Whoever asks for another name is told these. */
  readonly told: boolean
}

/** A catalog closes the names. Whoever sees a part of the events only is not told how all of them are called. */
export function askedNames(catalog: Catalog | undefined, { visible }: Principal): AskedNames | undefined {
  return catalog === undefined ? undefined : { events: catalog.events, told: visible === undefined }
}

/**
 * The conditions that filters stand for, in the few forms that stores know: negations become `not`. Throws `invalid_params` for filters that are too many or too deep.
 */
export function toConditions(filters: EventFilters | undefined, names: AskedNames | undefined): Condition[] {
  if (filters === undefined) return []
  const list = isList(filters) ? filters : [filters]
  if (count(list, 0) > LIMITS.filterConditions) {
    throw invalid(`more than ${LIMITS.filterConditions} conditions`)
  }
  return list.map((filter) => toCondition(filter, names))
}

/** Events that a goal or a step names. Throws `invalid_params` for an event that the catalog does not hold. */
export function toMatch({ event, filters }: EventMatch, names: AskedNames | undefined): Match {
  checkEvent(event, names)
  return { event, where: toConditions(filters, names) }
}

/** The contract's equality filters. */
export function equalities(params: FilterParams, names: AskedNames | undefined): Condition[] {
  if (params.event !== undefined) checkEvent(params.event, names)
  const fields: readonly (readonly [Field, string | undefined])[] = [
    ['event_name', params.event],
    ['source', params.source],
    ['medium', params.medium],
    ['user_id', params.user_id],
    ['anonymous_id', params.anonymous_id],
    ['country', params.country],
  ]
  return fields.flatMap(([field, value]) =>
    value === undefined ? [] : [{ op: 'is' as const, field, values: [value] }],
  )
}

/** Throws `invalid_params` when a catalog is closed and this name is not in it. */
function checkEvent(name: string, names: AskedNames | undefined): void {
  if (names === undefined || name.startsWith('$') || Object.hasOwn(names.events, name)) return
  const allowed = names.told ? Object.keys(names.events) : []
  throw new AnalyticsError(
    'invalid_params',
    `event: "${name.slice(0, 64)}" is not in the catalog${suggest(name, allowed)}.`,
    { details: { field: 'event', ...(names.told ? { allowed: allowed.slice(0, 200) } : {}) } },
  )
}

function isList(filters: EventFilters): filters is readonly EventFilter[] {
  return Array.isArray(filters)
}

function count(filters: readonly EventFilter[], depth: number): number {
  if (depth > LIMITS.filterDepth) throw invalid(`nested deeper than ${LIMITS.filterDepth}`)
  return filters.reduce((sum, filter) => sum + 1 + count(innerOf(filter), depth + 1), 0)
}

function innerOf(filter: EventFilter): readonly EventFilter[] {
  if ('and' in filter) return filter.and
  if ('or' in filter) return filter.or
  if ('not' in filter) return [filter.not]
  const match = 'has_done' in filter ? filter.has_done : 'has_not_done' in filter ? filter.has_not_done : null
  const inner = match?.filters
  return inner === undefined ? [] : isList(inner) ? inner : [inner]
}

function toCondition(filter: EventFilter, names: AskedNames | undefined): Condition {
  const inner = (one: EventFilter): Condition => toCondition(one, names)
  if ('and' in filter) return { op: 'and', of: filter.and.map(inner) }
  if ('or' in filter) return { op: 'or', of: filter.or.map(inner) }
  if ('not' in filter) return not(inner(filter.not))
  if ('has_done' in filter) return { op: 'done', match: toMatch(filter.has_done, names) }
  if ('has_not_done' in filter) return not({ op: 'done', match: toMatch(filter.has_not_done, names) })
  const { field } = filter
  switch (filter.op) {
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { op: filter.op, field: filter.field, value: filter.value }
    case 'is_set': {
      // Not "is not empty": of a session that would ask for all of its events, not for one.
      const present: Condition = { op: 'is_set', field }
      return filter.value === false ? not(present) : present
    }
    default: {
      const values = (Array.isArray(filter.value) ? filter.value : [filter.value]).map(textOf)
      if (field === 'event_name' && filter.op === 'is') for (const name of values) checkEvent(name, names)
      const positive = POSITIVE[filter.op]
      const condition: TextCondition = {
        op: positive,
        field,
        values,
        ...(filter.case_sensitive === false ? { fold: true } : {}),
      }
      return positive === filter.op ? condition : not(condition)
    }
  }
}

/** As properties are compared: a number is the text that groups show, 1e21 without a plus sign. */
function textOf(value: string | number | boolean): string {
  return typeof value === 'number' ? String(value).replace('e+', 'e') : String(value)
}

const POSITIVE = {
  is: 'is',
  is_not: 'is',
  contains: 'contains',
  not_contains: 'contains',
  starts_with: 'starts_with',
  matches: 'matches',
} as const

function not(condition: Condition): Condition {
  return { op: 'not', of: condition }
}

function invalid(message: string): AnalyticsError {
  return new AnalyticsError('invalid_params', `filters: ${message}; ask a simpler question.`, {
    details: { field: 'filters' },
  })
}
