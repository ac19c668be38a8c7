import type { StoredEvent } from '@millimetric/core'
import { storedEvent } from '@millimetric/core/testing'

const circular: Record<string, unknown> = {}
circular.self = circular

const throwing = {
  toJSON(): never {
    throw new Error('no')
  },
}

/**
 * Rows that no table takes, by what is wrong with them and the code it ends under. Validation lets none of them through;
 * a `beforeStore` hook can make any of them.
 */
export const BAD_ROWS: readonly { name: string; code: string; fields: object }[] = [
  { name: 'a project that is a word', code: 'CANNOT_PARSE_UUID', fields: { project_id: 'shop' } },
  { name: 'an empty project', code: 'CANNOT_PARSE_UUID', fields: { project_id: '' } },
  { name: 'half a project', code: 'CANNOT_PARSE_UUID', fields: { project_id: '11111111-2222' } },
  { name: 'a project of SQL', code: 'CANNOT_PARSE_UUID', fields: { project_id: "'); DROP TABLE events --" } },
  { name: 'no project', code: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED', fields: { project_id: null } },
  {
    name: 'half an emoji in the name',
    code: 'CANNOT_PARSE_ESCAPE_SEQUENCE',
    fields: { event_name: 'a\ud83d' },
  },
  { name: 'half an emoji in the path', code: 'CANNOT_PARSE_ESCAPE_SEQUENCE', fields: { path: '/\ud800/x' } },
  { name: 'half an emoji in the id', code: 'CANNOT_PARSE_ESCAPE_SEQUENCE', fields: { event_id: 'id\udbff' } },
  {
    name: 'halves swapped',
    code: 'CANNOT_PARSE_ESCAPE_SEQUENCE',
    fields: { properties: '{"a":"\ude00\ud83d"}' },
  },
  { name: 'a time that is none', code: 'NUMBER_OUT_OF_RANGE', fields: { timestamp: Number.NaN } },
  {
    name: 'a time without end',
    code: 'NUMBER_OUT_OF_RANGE',
    fields: { timestamp: Number.POSITIVE_INFINITY },
  },
  { name: 'a time in words', code: 'NUMBER_OUT_OF_RANGE', fields: { timestamp: 'now' } },
  { name: 'the year 275760', code: 'NUMBER_OUT_OF_RANGE', fields: { timestamp: 8.64e15 } },
  { name: 'the year 2200', code: 'NUMBER_OUT_OF_RANGE', fields: { timestamp: Date.UTC(2200, 0) } },
  { name: 'a time before 1970', code: 'NUMBER_OUT_OF_RANGE', fields: { timestamp: -1 } },
  { name: 'no receive time', code: 'NUMBER_OUT_OF_RANGE', fields: { received_at: null } },
  {
    name: 'a claimed time of 255000',
    code: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
    fields: { client_timestamp: 8e15 },
  },
  { name: 'a claimed time that is none', code: 'UNWRITABLE', fields: { client_timestamp: Number.NaN } },
  { name: 'a negative position', code: 'NUMBER_OUT_OF_RANGE', fields: { seq: -1 } },
  { name: 'a position of 2 ** 40', code: 'NUMBER_OUT_OF_RANGE', fields: { seq: 2 ** 40 } },
  { name: 'a position and a half', code: 'NUMBER_OUT_OF_RANGE', fields: { seq: 1.5 } },
  { name: 'a list of positions', code: 'NUMBER_OUT_OF_RANGE', fields: { seq: [1] } },
  { name: 'a hash of 1e30', code: 'NUMBER_OUT_OF_RANGE', fields: { body_hash: 1e30 } },
  { name: 'a BigInt', code: 'UNWRITABLE', fields: { referrer: 10n } },
  { name: 'a circle', code: 'UNWRITABLE', fields: { properties: circular } },
  { name: 'a toJSON that throws', code: 'UNWRITABLE', fields: { properties: throwing } },
  { name: 'a bot, maybe', code: 'CANNOT_PARSE_BOOL', fields: { is_bot: 'maybe' } },
  { name: 'a bot twice', code: 'CANNOT_PARSE_BOOL', fields: { is_bot: 2 } },
  { name: 'a column of its own', code: 'INCORRECT_DATA', fields: { shoe_size: 44 } },
  { name: 'a column __proto__', code: 'INCORRECT_DATA', fields: JSON.parse('{"__proto__":1}') },
  { name: 'no name', code: 'INCORRECT_DATA', fields: { event_name: null } },
]

export function badRow(fields: object, event_id = 'bad'): StoredEvent {
  const event = storedEvent({ event_id })
  // Defined, because assigning `__proto__` would change the prototype instead.
  for (const [name, value] of Object.entries(fields)) {
    Object.defineProperty(event, name, { value, enumerable: true, configurable: true })
  }
  return event
}
