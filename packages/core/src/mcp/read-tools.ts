import {
  attributionParamsSchema,
  attributionResponseSchema,
  cohortsParamsSchema,
  cohortsResponseSchema,
  eventListResponseSchema,
  funnelParamsSchema,
  funnelResponseSchema,
  type ObjectSchema,
  queryParamsSchema,
  queryResponseSchema,
  schemaParamsSchema,
  sourcesParamsSchema,
  sourcesResponseSchema,
  statsParamsSchema,
  statsResponseSchema,
  toJsonSchema,
  topPagesParamsSchema,
  topPagesResponseSchema,
} from '@millimetric/schema'
import { LIMITS } from '@millimetric/schema/limits'
import type { EventListResponse, TopPagesResponse } from '@millimetric/schema/wire'
import type { Principal } from '../auth/principal.js'
import type { LimitedRoute } from '../auth/rate-limit.js'
import type { CallOptions } from '../ports/event-store.js'
import { queryAttribution } from '../query/attribution.js'
import { queryCohorts } from '../query/cohorts.js'
import { type QueryDeps, queryEvents } from '../query/events.js'
import { queryFunnel } from '../query/funnel.js'
import { readParams } from '../query/plan.js'
import { querySchema } from '../query/schema.js'
import { querySources } from '../query/sources.js'
import { queryStats } from '../query/stats.js'
import type { Answer } from './clean.js'

/** A question about one project: the use case behind it, in the words of its route. */
export interface ReadTool {
  name: string
  title: string
  description: string
  /** Whose limit a call is taken from. */
  limited: LimitedRoute
  input(): ObjectSchema
  output(): ObjectSchema
  /** The list that is the text of the result alone. */
  bare?: string
  /** How to ask for less, in words. */
  less: string
  /** Answers come in pages, with a `next_cursor` behind the `rows`. */
  paged?: true
  ask(deps: QueryDeps, principal: Principal, args: Answer, options: CallOptions): Promise<object>
}

const LESS = 'lower limit, or ask about a shorter range'

export const READ_TOOLS: readonly ReadTool[] = [
  {
    name: 'query_events',
    title: 'Raw events',
    description: 'Single events, newest first, a page at a time. To count events use get_stats instead.',
    limited: 'query',
    input: () => toJsonSchema(queryParamsSchema),
    output: () => toJsonSchema(queryResponseSchema),
    less: 'ask again with cursor = next_cursor',
    paged: true,
    ask: queryEvents,
  },
  {
    name: 'get_stats',
    title: 'Metrics',
    description:
      'Counts events, visitors, sessions, rates or aggregates of properties; by dimensions, over time, compared with an earlier period.',
    limited: 'stats',
    input: () => toJsonSchema(statsParamsSchema),
    output: () => toJsonSchema(statsResponseSchema),
    less: LESS,
    ask: queryStats,
  },
  {
    name: 'top_sources',
    title: 'Top sources',
    description:
      'Where events came from (source and medium), with visitors and the paid share, largest first.',
    limited: 'sources',
    input: () => toJsonSchema(sourcesParamsSchema),
    output: () => toJsonSchema(sourcesResponseSchema),
    bare: 'rows',
    less: LESS,
    ask: querySources,
  },
  {
    name: 'top_pages',
    title: 'Top pages',
    description: 'Pages by views, with their visitors, largest first.',
    limited: 'stats',
    input: () => toJsonSchema(topPagesParamsSchema),
    output: () => toJsonSchema(topPagesResponseSchema),
    less: LESS,
    ask: topPages,
  },
  {
    name: 'funnel',
    title: 'Funnel',
    description:
      'How many people (or sessions) take 2 to 10 steps in order, with conversion rates and times.',
    limited: 'funnel',
    input: () => toJsonSchema(funnelParamsSchema),
    output: () => toJsonSchema(funnelResponseSchema),
    less: LESS,
    ask: queryFunnel,
  },
  {
    name: 'cohorts',
    title: 'Retention cohorts',
    description: 'Who comes back: people by the day, week or month they began, and how many return later.',
    limited: 'cohorts',
    input: () => toJsonSchema(cohortsParamsSchema),
    output: () => toJsonSchema(cohortsResponseSchema),
    less: 'ask about a shorter range or a longer interval',
    ask: queryCohorts,
  },
  {
    name: 'attribution',
    title: 'Attribution',
    description: 'Which sources, campaigns or channels get the credit for a conversion event.',
    limited: 'attribution',
    input: () => toJsonSchema(attributionParamsSchema),
    output: () => toJsonSchema(attributionResponseSchema),
    less: LESS,
    ask: queryAttribution,
  },
  {
    name: 'list_events',
    title: 'Event names',
    description:
      'Event names with counts and the keys of their properties, most frequent first, and what questions may be made of. Ask this first. Without a range: the last 30 days.',
    limited: 'schema',
    input: () => toJsonSchema(schemaParamsSchema),
    output: () => toJsonSchema(eventListResponseSchema),
    less: LESS,
    ask: listEvents,
  },
]

async function topPages(
  deps: QueryDeps,
  principal: Principal,
  args: Answer,
  options: CallOptions,
): Promise<TopPagesResponse> {
  const { limit = LIMITS.sourcesLimitDefault, ...question } = readParams(topPagesParamsSchema, args)
  const metrics = ['pageviews', 'uniques'] as const
  const asked = { ...question, event: '$pageview', metrics, group_by: ['path'] as const, limit }
  const { rows, meta } = await queryStats(deps, principal, asked, options)
  return {
    rows: rows.map(({ path, pageviews, uniques }) => ({
      path: String(path),
      pageviews: Number(pageviews),
      uniques: Number(uniques),
    })),
    meta,
  }
}

const FEW_PROPERTIES = 10

/** What an event's properties are like is many words; their names are what a question needs. */
export async function listEvents(
  deps: QueryDeps,
  principal: Principal,
  args: Answer,
  options: CallOptions,
): Promise<EventListResponse> {
  const { events, ...rest } = await querySchema(
    deps,
    principal,
    { properties_limit: FEW_PROPERTIES, ...args },
    options,
  )
  return {
    events: events.map((event) => ({ ...event, properties: event.properties.map(({ key }) => key) })),
    ...rest,
  }
}
