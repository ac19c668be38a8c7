import type { AttributionPlan, AttributionResult } from '../../ports/attribution-plan.js'
import type { CallOptions } from '../../ports/event-store.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { attributionStatement } from './sql/attribution.js'

interface Row {
  readonly whole: number
  readonly credit: number
  readonly people: number
  readonly value: number
  readonly [group: `group_${number}`]: string
}

export function createAttributionAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: AttributionPlan, options?: CallOptions) => Promise<AttributionResult> {
  return async (plan, options) => {
    const found = await read<Row>(attributionStatement(await reading(plan, options), plan), options)
    const rows = found.filter(({ whole }) => whole === 0)
    const totals = found.find(({ whole }) => whole === 1)
    return {
      ...rawFacts(rows.length > plan.limit),
      rows: rows.slice(0, plan.limit).map((row) => ({
        group: plan.group_by.map((_, index) => row[`group_${index}`] ?? ''),
        credit: row.credit,
        people: row.people,
        value: row.value,
      })),
      totals: {
        credit: totals?.credit ?? 0,
        people: totals?.people ?? 0,
        value: totals?.value ?? 0,
      },
    }
  }
}
