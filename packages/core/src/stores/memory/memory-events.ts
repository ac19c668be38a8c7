import { type EventStore, eventKeyName, type StoredEvent } from '../../ports/event-store.js'
import type { QuarantinedEvent } from '../../ports/quarantine-store.js'
import type { QueryPlan, QueryResults } from '../../ports/query-plan.js'
import { answerAttribution } from './memory-attribution.js'
import { answerCohorts } from './memory-cohorts.js'
import { answerExport } from './memory-export.js'
import { answerFunnel } from './memory-funnel.js'
import { answerLive } from './memory-live.js'
import { answerPaths } from './memory-paths.js'
import { checkPatterns } from './memory-pattern.js'
import { answerPerson } from './memory-person.js'
import { memoryErasures } from './memory-purge.js'
import { memoryQuarantine } from './memory-quarantine.js'
import { memoryVerdicts } from './memory-reclassify.js'
import { answerEvents, answerSources } from './memory-reports.js'
import { answerSchema } from './memory-schema.js'
import { answerStats } from './memory-stats.js'

type Plan<K extends QueryPlan['kind']> = Extract<QueryPlan, { kind: K }>

const ANSWERS: {
  readonly [K in QueryPlan['kind']]: (plan: Plan<K>, all: readonly StoredEvent[]) => QueryResults[K]
} = {
  events: answerEvents,
  stats: answerStats,
  sources: answerSources,
  person: answerPerson,
  export: answerExport,
  schema: answerSchema,
  attribution: answerAttribution,
  live: answerLive,
  funnel: answerFunnel,
  cohorts: answerCohorts,
  paths: answerPaths,
}

/**
 * Events in arrays: for tests and small tools, and the reference that every other store is held against. Every
 * answer is computed anew from the rows kept, in the plainest way. Nothing survives the process.
 */
export function memoryEvents(): EventStore {
  /** Rows as they came, by project and event id: two processes may bring one id twice. */
  const projects = new Map<string, Map<string, StoredEvent[]>>()
  const tokens = new Set<string>()
  const refused: QuarantinedEvent[] = []

  function rowsOf(projectId: string): Map<string, StoredEvent[]> {
    const known = projects.get(projectId)
    if (known !== undefined) return known
    const rows = new Map<string, StoredEvent[]>()
    projects.set(projectId, rows)
    return rows
  }

  return {
    name: 'memory',
    capabilities: { exactUniques: true },
    ...memoryErasures(projects, refused),
    ...memoryQuarantine(refused),
    ...memoryVerdicts(projects, (rows) => rows.reduce(keepEarlier, [])),
    async known(keys) {
      return new Map(
        keys.flatMap((key) =>
          (rowsOf(key.project_id).get(key.event_id) ?? [])
            .reduce(keepEarlier, [])
            .map((event) => [eventKeyName(key), event.body_hash]),
        ),
      )
    },
    async insert({ token, events }) {
      if (tokens.has(token)) return
      tokens.add(token)
      for (const event of events) {
        const rows = rowsOf(event.project_id)
        rows.set(event.event_id, [...(rows.get(event.event_id) ?? []), event])
      }
    },
    async landed({ token }) {
      return tokens.has(token)
    },
    // Nothing is ever stored in part.
    async complete() {},
    async query(plan) {
      checkPatterns(plan)
      const kept = [...rowsOf(plan.project_id).values()].flatMap((rows) => rows.reduce(keepEarlier, []))
      return ANSWERS[plan.kind](plan, kept)
    },
    async removeTwins() {
      let removed = 0
      for (const rows of projects.values()) {
        for (const [id, list] of rows) {
          removed += list.length - 1
          rows.set(id, list.reduce(keepEarlier, []))
        }
      }
      return removed
    },
    // There is no rollup here: counting is the reference.
    async changedSince() {
      return []
    },
    async buildDays() {
      return 0
    },
    async close() {},
  }
}

/** Of the rows of one id the one with the smallest (received_at, timestamp) counts. */
function keepEarlier(kept: readonly StoredEvent[], event: StoredEvent): StoredEvent[] {
  const [best] = kept
  return best !== undefined && (best.received_at - event.received_at || best.timestamp - event.timestamp) <= 0
    ? [best]
    : [event]
}
