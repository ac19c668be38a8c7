import type { Condition, StoredEvent, TextCondition } from '@millimetric/core'
import { DIMENSIONS } from '@millimetric/schema/wire'
import { textAt } from '../../src/stores/memory/memory-properties.js'
import type { Random } from './random.js'

type Field = TextCondition['field']

/** Keys that {@link makeProperties} writes. */
export const PROPERTY_KEYS = ['price', 'plan', 'a.b', 'mixed', 'é', 'nothing'] as const
export const PROPERTY_FIELDS = PROPERTY_KEYS.map((key) => `properties.${key}` as const)
const EVENT_FIELDS: readonly Field[] = [...DIMENSIONS, 'anonymous_id', ...PROPERTY_FIELDS]
const PAGES = ['entry_path', 'exit_path'] as const

/** Numbers are quarters, so that sums are exact in whatever order they are added. */
export function makeProperties(random: Random): string {
  if (random.chance(0.3)) return '{}'
  const quarter = (): number => random.int(-40, 400) / 4
  return JSON.stringify({
    ...(random.chance(0.6)
      ? { price: random.chance(0.8) ? quarter() : random.pick(['7', '', null, true]) }
      : {}),
    ...(random.chance(0.6)
      ? { plan: random.pick(['pro', 'Pro', 'free', 'ü', "o'hara", 'back\\slash', '%_']) }
      : {}),
    ...(random.chance(0.3) ? { 'a.b': random.pick([1, 'x', false]), a: { b: 2 } } : {}),
    ...(random.chance(0.4)
      ? { mixed: random.pick([0, -0.5, 1e21, 1e-7, '1e21', [1, 'x'], { b: [1], a: null }, '', null, 'null']) }
      : {}),
    ...(random.chance(0.2) ? { é: random.pick(['É', 'é', 3]) } : {}),
  })
}

/** Conditions of every form, now and then nested; values are mostly such as occur. */
export function makeConditions(random: Random, events: readonly StoredEvent[], pages: boolean): Condition[] {
  const count = random.pick([0, 0, 0, 1, 1, 2])
  return Array.from({ length: count }, () => makeCondition(random, events, pages, 0))
}

/** Conditions that look at one event alone: for what exists for an asker. */
export function makeRowConditions(random: Random, events: readonly StoredEvent[]): Condition[] {
  return Array.from({ length: random.int(1, 2) }, () => {
    const condition = makeLeaf(random, events, EVENT_FIELDS)
    return random.chance(0.4) ? { op: 'not', of: condition } : condition
  })
}

function makeCondition(
  random: Random,
  events: readonly StoredEvent[],
  pages: boolean,
  depth: number,
): Condition {
  const inner = (): Condition => makeCondition(random, events, pages, depth + 1)
  if (depth < 2 && random.chance(0.3)) {
    if (random.chance(0.3)) return { op: 'not', of: inner() }
    return { op: random.pick(['and', 'or']), of: Array.from({ length: random.int(1, 3) }, inner) }
  }
  if (depth < 2 && random.chance(0.15)) return { op: 'done', match: makeMatch(random, events) }
  return makeLeaf(random, events, [...EVENT_FIELDS, ...(pages ? PAGES : [])])
}

export function makeMatch(
  random: Random,
  events: readonly StoredEvent[],
): { event: string; where: Condition[] } {
  return {
    event: random.pick(['signup', 'signup', '$pageview', random.pick(events).event_name]),
    where: random.chance(0.7) ? [] : [makeLeaf(random, events, EVENT_FIELDS)],
  }
}

function makeLeaf(random: Random, events: readonly StoredEvent[], fields: readonly Field[]): Condition {
  if (random.chance(0.15)) {
    return {
      op: random.pick(['gt', 'gte', 'lt', 'lte']),
      field: random.pick(['properties.price', 'properties.mixed']),
      value: random.int(-4, 40) / 4,
    }
  }
  if (random.chance(0.1)) return { op: 'is_set', field: random.pick(fields) }
  return makeTextCondition(random, events, fields)
}

export function makeTextCondition(
  random: Random,
  events: readonly StoredEvent[],
  fields: readonly Field[],
): TextCondition {
  const field = random.pick(fields)
  const value = (): string => {
    const event = random.pick(events)
    return field === 'entry_path' || field === 'exit_path' ? event.path : textAt(event, field)
  }
  const op = random.pick(['is', 'is', 'is', 'contains', 'starts_with', 'matches'] as const)
  const fold = random.chance(0.2) ? { fold: true } : {}
  const values = Array.from({ length: random.int(1, 3) }, value)
  if (op === 'is') return { op, field, values, ...fold }
  if (op === 'matches') {
    return {
      op,
      field,
      values: [random.pick(['^$', '^/', 'o', '[a-f]+$', '(?i)^PRO|free', '.', '^.a'])],
      ...fold,
    }
  }
  const part = (text: string): string => {
    const points = [...text]
    const from = op === 'contains' ? random.int(0, Math.max(points.length - 1, 0)) : 0
    return points.slice(from, from + random.int(1, 3)).join('')
  }
  return { op, field, values: values.map((text) => part(text) || '/'), ...fold }
}
