import type { FilterField, NumberOperator, PropertyField } from '@millimetric/schema/wire'

/** What a condition can name; absent text is the empty string. */
export type Field = FilterField

/**
 * A checked condition. `is`, `contains`, `starts_with` and `matches` (RE2) hold when any of the values fits; `fold`
 * compares without regard to case. A property is text as it stands, or its JSON; a number compares only with numbers.
 * `entry_path` and `exit_path` are those of the session an event belongs to. `done` holds for all events of a person
 * who did a matching event in the range.
 */
export type Condition =
  | { readonly op: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly op: 'not'; readonly of: Condition }
  | TextCondition
  | SetCondition
  | { readonly op: NumberOperator; readonly field: PropertyField; readonly value: number }
  | { readonly op: 'done'; readonly match: Match }

export interface TextCondition {
  readonly op: 'is' | 'contains' | 'starts_with' | 'matches'
  readonly field: Field
  readonly values: readonly string[]
  readonly fold?: boolean
}

/** Holds for any text but the empty one. */
export interface SetCondition {
  readonly op: 'is_set'
  readonly field: Field
}

/** Whether the condition is about the text of one field. */
export function isOfText(condition: Condition): condition is TextCondition | SetCondition {
  return condition.op === 'is_set' || 'values' in condition
}

/** Events of one name for which all conditions hold. */
export interface Match {
  readonly event: string
  readonly where: readonly Condition[]
}

/** Every field that conditions look at, nested ones included, but not inside `done`. */
export function fieldsOf(conditions: readonly Condition[]): Field[] {
  return conditions.flatMap((condition) => {
    if (condition.op === 'and' || condition.op === 'or') return fieldsOf(condition.of)
    if (condition.op === 'not') return fieldsOf([condition.of])
    return 'field' in condition ? [condition.field] : []
  })
}

/** Every field that conditions look at, inside `done` too. */
export function everyField(conditions: readonly Condition[]): Field[] {
  return conditions.flatMap((condition) => {
    if (condition.op === 'and' || condition.op === 'or') return everyField(condition.of)
    if (condition.op === 'not') return everyField([condition.of])
    if (condition.op === 'done') return everyField(condition.match.where)
    return 'field' in condition ? [condition.field] : []
  })
}

/** The conditions whose form is of one kind, nested ones included, but not inside `done`. */
export function someCondition(
  conditions: readonly Condition[],
  test: (condition: Condition) => boolean,
): boolean {
  return conditions.some(
    (condition) =>
      test(condition) ||
      ((condition.op === 'and' || condition.op === 'or') && someCondition(condition.of, test)) ||
      (condition.op === 'not' && someCondition([condition.of], test)),
  )
}
