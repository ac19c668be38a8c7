import { ATTRIBUTION_DIMENSIONS, type AttributionDimension } from '@millimetric/schema/wire'
import {
  type AttributionCreditResult,
  type AttributionPlan,
  type AttributionResult,
  CREDIT_PARTS,
  NO_TOUCH,
  TOUCH_PAUSE_MS,
} from '../../ports/attribution-plan.js'
import type { StoredEvent } from '../../ports/event-store.js'
import { compareLists, compareMoments } from '../../ports/order.js'
import { numberAt } from './memory-properties.js'
import { groupItems } from './memory-table.js'
import { createWorld } from './memory-world.js'

/** A share of one conversion. */
interface Share {
  readonly touch: { readonly [D in AttributionDimension]: string }
  readonly person: string
  readonly parts: number
  /** Of the whole conversion. */
  readonly value: number
}

/** Each conversion is handed out by itself, then the shares are added up. */
export function answerAttribution(plan: AttributionPlan, all: readonly StoredEvent[]): AttributionResult {
  const world = createWorld(plan, all)
  const { event: name, where } = plan.conversion
  const conversions = world.asked.filter(
    (event) => event.event_name === name && where.every((condition) => world.holds(event, condition)),
  )
  const seen = world.visible.filter(
    ({ url, is_bot, timestamp }) =>
      url !== '' && (plan.include_bots || !is_bot) && timestamp >= (plan.kept_from ?? 0),
  )
  const touches = new Map(
    [...groupItems(seen, (event) => [world.person(event)])].map(([key, own]) => [key, touchesOf(own)]),
  )
  const shares = conversions.flatMap((conversion): Share[] => {
    const person = world.person(conversion)
    const window = (touches.get(JSON.stringify([person])) ?? []).filter(
      (touch) =>
        touch.timestamp >= conversion.timestamp - plan.lookback_ms && compareMoments(touch, conversion) <= 0,
    )
    const value = plan.value === null ? 0 : (numberAt(conversion, keyOf(plan.value)) ?? 0)
    return handOut(plan.model, window).map((share) => ({ ...share, person, value }))
  })
  const groups = groupItems(shares, ({ touch }) => plan.group_by.map((dimension) => touch[dimension]))
  const rows = [...groups]
    .map(([key, own]) => ({ group: textsOf(key), parts: partsOf(own), ...addUp(plan, own) }))
    .sort((a, b) => b.parts - a.parts || compareLists(a.group, b.group))
    .map(({ parts: _, ...row }) => row)
  return {
    truncated: rows.length > plan.limit,
    estimated: false,
    answered_by: 'raw',
    rows: rows.slice(0, plan.limit),
    totals: addUp(plan, shares),
  }
}

/** Those of one person's events with a url by which they arrive. */
function touchesOf(own: readonly StoredEvent[]): StoredEvent[] {
  const seen = [...own].sort(compareMoments)
  return seen.filter((event, index) => {
    const earlier = seen
      .slice(0, index)
      .filter(({ timestamp }) => event.timestamp - timestamp <= TOUCH_PAUSE_MS)
    if (event.medium === 'direct') return earlier.length === 0
    const before = earlier.findLast(({ medium }) => medium !== 'direct')
    return before === undefined || ATTRIBUTION_DIMENSIONS.some((name) => before[name] !== event[name])
  })
}

/** Parts of one conversion by its touches, oldest first. */
function handOut(
  model: AttributionPlan['model'],
  window: readonly StoredEvent[],
): Pick<Share, 'touch' | 'parts'>[] {
  const last = window.at(-1)
  if (last === undefined) return [{ touch: NO_TOUCH, parts: CREDIT_PARTS }]
  if (model === 'linear') {
    const parts = Math.floor(CREDIT_PARTS / window.length)
    const rest = CREDIT_PARTS - parts * window.length
    return window.map((touch) => ({ touch, parts: touch === last ? parts + rest : parts }))
  }
  if (model === 'first') return [{ touch: window.at(0) ?? last, parts: CREDIT_PARTS }]
  if (model === 'last') return [{ touch: last, parts: CREDIT_PARTS }]
  return [{ touch: window.findLast(({ medium }) => medium !== 'direct') ?? last, parts: CREDIT_PARTS }]
}

function addUp(plan: AttributionPlan, shares: readonly Share[]): AttributionCreditResult {
  const parts = partsOf(shares)
  const whole = Math.floor(parts / CREDIT_PARTS)
  return {
    credit: whole + (parts - whole * CREDIT_PARTS) / CREDIT_PARTS,
    people: new Set(shares.map(({ person }) => person)).size,
    value:
      plan.model === 'linear'
        ? shares.reduce((sum, share) => sum + share.value * share.parts, 0) / CREDIT_PARTS
        : shares.reduce((sum, share) => sum + share.value, 0),
  }
}

function partsOf(shares: readonly Share[]): number {
  return shares.reduce((sum, { parts }) => sum + parts, 0)
}

function keyOf(field: string): string {
  return field.slice('properties.'.length)
}

function textsOf(key: string): string[] {
  const texts: string[] = JSON.parse(key)
  return texts
}
