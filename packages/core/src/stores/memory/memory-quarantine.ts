import type { QuarantinedEvent, QuarantineStore } from '../../ports/quarantine-store.js'

/** Refused events in memory. `kept` is shared with erasures, which take from it. */
export function memoryQuarantine(kept: QuarantinedEvent[]): QuarantineStore {
  const tokens = new Set<string>()
  return {
    async quarantine(token, events) {
      if (tokens.has(token)) return
      tokens.add(token)
      kept.push(...events)
    },
    async quarantined(projectId, limit) {
      return kept
        .filter(({ project_id }) => project_id === projectId)
        .sort((a, b) => b.quarantined_at - a.quarantined_at || (a.event_id < b.event_id ? -1 : 1))
        .slice(0, limit)
    },
  }
}
