import type { StoredEvent } from '../../ports/event-store.js'
import { compareText } from '../../ports/order.js'
import {
  type EventRange,
  type Landing,
  type StoredVerdict,
  VERDICT_COLUMNS,
  type VerdictStore,
} from '../../ports/verdict-store.js'

/**
 * Judging history again, in the plainest way. `projects` holds rows by project and event id and is changed in place;
 * `counting` picks the row that counts out of those of one id.
 */
export function memoryVerdicts(
  projects: Map<string, Map<string, StoredEvent[]>>,
  counting: (rows: readonly StoredEvent[]) => readonly StoredEvent[],
): VerdictStore {
  const inRange = ({ from, to }: EventRange, { timestamp }: StoredEvent): boolean =>
    timestamp >= from && timestamp < to

  return {
    async landings(range, { after, limit }) {
      const found = new Map<string, Landing>()
      for (const rows of projects.get(range.project_id)?.values() ?? []) {
        for (const event of counting(rows).filter((row) => inRange(range, row))) {
          const key = keyOf(event)
          const { url, referrer } = event
          const events = (found.get(key)?.events ?? 0) + 1
          found.set(key, { key, url, referrer, verdict: verdictOf(event), events })
        }
      }
      return [...found.values()]
        .filter(({ key }) => after === '' || compareText(key, after) > 0)
        .sort((a, b) => compareText(a.key, b.key))
        .slice(0, limit)
    },
    async reclassify(range, changes) {
      const verdicts = new Map<string, StoredVerdict>()
      for await (const page of changes) {
        for (const { key, verdict } of page) verdicts.set(key, verdict)
      }
      for (const [id, rows] of projects.get(range.project_id) ?? []) {
        const judged = rows.map((event) =>
          inRange(range, event) ? { ...event, ...verdicts.get(keyOf(event)) } : event,
        )
        projects.get(range.project_id)?.set(id, judged)
      }
    },
  }
}

function keyOf(event: StoredEvent): string {
  return JSON.stringify([event.url, event.referrer, ...VERDICT_COLUMNS.map((name) => event[name])])
}

function verdictOf(event: StoredEvent): StoredVerdict {
  const { source, medium, campaign, term, content, channel, source_confidence, source_rule_id } = event
  return { source, medium, campaign, term, content, channel, source_confidence, source_rule_id }
}
