import type { EventMatch } from './filters.js'
import type { Metric, QuestionParams, ResultMeta } from './questions.js'
import type { SchemaResponse, SeenEvent } from './schema-report.js'

/** Arguments of the MCP tool `top_pages`. */
export interface TopPagesParams extends Omit<QuestionParams, 'event'> {
  /** 1–200, default 50. */
  limit?: number | undefined
}

export interface TopPagesResponse {
  rows: readonly { path: string; pageviews: number; uniques: number }[]
  meta: ResultMeta
}

/** Answer of the MCP tool `list_events`: that of `GET /v1/schema`, with the keys of properties alone. */
export interface EventListResponse extends Omit<SchemaResponse, 'events'> {
  events: readonly (Omit<SeenEvent, 'properties'> & { properties: readonly string[] })[]
}

/** Arguments of the MCP tool `compare_projects`. */
export interface CompareParams extends QuestionParams {
  metric?: Metric | undefined
  /** What `conversion_rate` is measured against. */
  goal?: EventMatch | undefined
}

export interface ComparedProject {
  /** 1 for the largest; projects of one value share it. Projects without a value come last. */
  rank: number
  project_id: string
  project_slug: string
  project_name: string
  value: number | null
}

export interface CompareResponse {
  metric: Metric
  rows: readonly ComparedProject[]
}

export interface ListedProject {
  project_id: string
  project_slug: string
  project_name: string
  timezone: string
  /** Null = for ever. */
  retention_days: number | null
  /** ISO 8601 in UTC. */
  created_at: string
}

export interface ProjectListResponse {
  projects: readonly ListedProject[]
}
