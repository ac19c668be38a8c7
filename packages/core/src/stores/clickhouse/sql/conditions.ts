import type { Condition, Field, Match, SetCondition, TextCondition } from '../../../ports/conditions.js'
import type { Binder } from './binder.js'

/** Where a condition finds what it looks at. */
export interface Columns {
  /** Text of a field. */
  text(field: Field): string
  /** The number under a property key, else NULL. */
  number(key: string): string
  /** Whether the person of the row did it. */
  done(match: Match): string
}

const SIGN = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

export function conditionSql(condition: Condition, columns: Columns, binder: Binder): string {
  switch (condition.op) {
    case 'and':
    case 'or':
      return `(${condition.of.map((inner) => conditionSql(inner, columns, binder)).join(condition.op === 'and' ? ' AND ' : ' OR ')})`
    case 'not':
      return `NOT ${conditionSql(condition.of, columns, binder)}`
    case 'done':
      return columns.done(condition.match)
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const number = columns.number(condition.field.slice('properties.'.length))
      return `ifNull(${number} ${SIGN[condition.op]} ${binder.bind('Float64', condition.value)}, 0)`
    }
    default:
      return textSql(columns.text(condition.field), condition, binder)
  }
}

/** A test of text, whatever expression the text is. */
export function textSql(text: string, condition: TextCondition | SetCondition, binder: Binder): string {
  if (condition.op === 'is_set') return `${text} != ''`
  const { op, values, fold } = condition
  const folds = fold === true && op !== 'matches'
  const left = folds ? `lowerUTF8(${text})` : text
  // Folded here: `IN` takes a computed list for something else than it is, and matches everything.
  const wanted = folds ? values.map((value) => value.toLowerCase()) : values
  if (op === 'is') {
    const [only] = wanted
    return only !== undefined && wanted.length === 1
      ? `${left} = ${binder.bind('String', only)}`
      : `${left} IN ${binder.bind('Array(String)', wanted)}`
  }
  if (op === 'matches' || wanted.length <= MOST_TESTS) {
    return `(${wanted.map((value) => valueSql(left, { op, value, fold }, binder)).join(' OR ')})`
  }
  const list = binder.bind('Array(String)', wanted)
  // Everything holds the empty text, and so does the engine's search but for that in itself.
  if (op === 'contains') return wanted.includes('') ? '1' : `multiSearchAny(${left}, ${list})`
  return `arrayExists((start, text) -> startsWith(text, start), ${list}, arrayWithConstant(length(${list}), ${left}))`
}

/** Values that are tested one by one; more would be more text than a statement has, and more values than a request. */
const MOST_TESTS = 8

function valueSql(
  left: string,
  { op, value, fold }: { op: Exclude<TextCondition['op'], 'is'>; value: string; fold?: boolean | undefined },
  binder: Binder,
): string {
  const bound = binder.bind('String', op === 'matches' && fold === true ? `(?i)${value}` : value)
  if (op === 'contains') return `position(${left}, ${bound}) > 0`
  if (op === 'starts_with') return `startsWith(${left}, ${bound})`
  // The constant part makes a pattern that does not compile an error also where there are no rows to test.
  return `(match(${left}, ${bound}) AND isNotNull(match('', ${bound})))`
}

/** Name of a column, for every field that is one. A closed map: nothing else can stand in a statement. */
const COLUMN: ReadonlyMap<string, string> = new Map(
  [
    'event_name',
    'source',
    'medium',
    'campaign',
    'term',
    'content',
    'channel',
    'country',
    'device_type',
    'browser',
    'os',
    'path',
    'hostname',
    'referrer_host',
    'user_id',
    'anonymous_id',
  ].map((name) => [name, name]),
)

export function propertyKey(field: string): string | undefined {
  return field.startsWith('properties.') ? field.slice('properties.'.length) : undefined
}

/** Columns of rows that have the columns of `events`. */
export function eventColumns(
  row: string,
  binder: Binder,
  beside: Pick<Columns, 'done'> & { page(field: 'entry_path' | 'exit_path'): string },
): Columns {
  return {
    text(field) {
      if (field === 'entry_path' || field === 'exit_path') return beside.page(field)
      const key = propertyKey(field)
      // Text as it stands, other values as their JSON, nothing for null.
      if (key !== undefined) return `JSONExtractString(${row}.properties, ${binder.bind('String', key)})`
      const column = COLUMN.get(field)
      if (column === undefined) throw new TypeError(`not a column of events: ${field}`)
      return `${row}.${column}`
    },
    number(key) {
      const bound = binder.bind('String', key)
      return `if(JSONType(${row}.properties, ${bound}) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(${row}.properties, ${bound}), NULL)`
    },
    done: beside.done,
  }
}

/** Columns for conditions that say which rows exist: they look at the row alone. */
export function rowColumns(row: string, binder: Binder): Columns {
  const refuse = (): never => {
    throw new TypeError('such a condition looks beyond its row')
  }
  return eventColumns(row, binder, { done: refuse, page: refuse })
}
