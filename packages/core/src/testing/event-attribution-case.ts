import type { AttributionPlan, AttributionResult } from '../ports/attribution-plan.js'
import type { EventStore, StoredEvent } from '../ports/event-store.js'
import { batch, DAY, SCOPE } from './event-store-case.js'
import { visits } from './event-visits.js'

type Columns = Partial<StoredEvent>

export const GOOGLE: Columns = {
  source: 'google',
  medium: 'paid',
  channel: 'paid_search',
  campaign: 'spring',
}
export const BING: Columns = { source: 'bing', medium: 'organic', channel: 'organic_search' }
export const NEWS: Columns = { source: 'news', medium: 'email', channel: 'email' }
export const OWN: Columns = { source: 'internal', medium: 'direct', channel: 'internal' }
/** A conversion that is no visit: it came from the server, without a url. */
export const BUY: Pick<StoredEvent, 'event_name' | 'url' | 'path'> = { event_name: 'buy', url: '', path: '' }

function attribution(fields: Partial<AttributionPlan> = {}): AttributionPlan {
  return {
    kind: 'attribution',
    ...SCOPE,
    conversion: { event: 'buy', where: [] },
    model: 'last_non_direct',
    lookback_ms: 30 * DAY,
    value: null,
    group_by: ['source'],
    ...fields,
  }
}

export async function askAttribution(
  store: EventStore,
  fields: Partial<AttributionPlan> = {},
): Promise<AttributionResult> {
  return await store.query<'attribution'>(attribution(fields))
}

/** Group, conversions and people of each row. */
export async function credits(
  store: EventStore,
  fields: Partial<AttributionPlan> = {},
): Promise<[...string[], number, number][]> {
  const found = await askAttribution(store, fields)
  return found.rows.map(({ group, credit, people }) => [...group, credit, people])
}

/** Milliseconds after noon and fields of each event. */
export type Told = readonly (readonly [number, Partial<StoredEvent>?])[]

export async function tell(store: EventStore, ...list: Told): Promise<void> {
  await store.insert(batch(...visits(...list)))
}

export const MODELS: AttributionPlan['model'][] = ['first', 'last', 'last_non_direct', 'linear']

/** Who is credited by each model, when one conversion goes to one source. */
export async function byModel(store: EventStore, fields: Partial<AttributionPlan> = {}): Promise<unknown[]> {
  const found: unknown[] = []
  for (const model of MODELS) {
    const answer = await credits(store, { ...fields, model })
    found.push(model === 'linear' ? answer.map(([source, credit]) => [source, credit]) : answer[0]?.[0])
  }
  return found
}
