import type { SchemaPlan } from '../ports/schema-plan.js'
import { batch, type EventStoreCase, HOUR, MINUTE, SCOPE } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON } from './stored-event.js'

function schema(fields: Partial<SchemaPlan> = {}): SchemaPlan {
  return { kind: 'schema', ...SCOPE, properties_limit: 100, ...fields }
}

/** Event names and the keys of their properties. */
export const schemaCases: readonly EventStoreCase[] = [
  {
    name: 'names and keys come with counts, times and the types of their values',
    async run(store) {
      const at = (minute: number): number => TEST_NOON + minute * MINUTE
      const values: readonly unknown[] = ['7', 7, -1.5, true, false, { a: 1 }, [1], null]
      await store.insert(
        batch(
          ...values.map((any, n) =>
            storedEvent({
              event_id: `n${n}`,
              event_name: 'bought',
              timestamp: at(n),
              properties: JSON.stringify({ any, ...(n === 2 ? { 'a.b "ü" \\ \n': 'x' } : {}) }),
            }),
          ),
          storedEvent({ event_id: 'view', timestamp: at(3) }),
          storedEvent({ event_id: 'nested', timestamp: at(4), properties: '{"in":{"any":1}}' }),
        ),
      )
      expectEqual(
        await store.query<'schema'>(schema()),
        {
          truncated: false,
          estimated: false,
          answered_by: 'raw',
          events: [
            {
              name: 'bought',
              count: 8,
              first_seen: at(0),
              last_seen: at(7),
              properties: [
                {
                  key: 'any',
                  count: 8,
                  first_seen: at(0),
                  last_seen: at(7),
                  types: { string: 1, number: 2, boolean: 2, object: 1, array: 1, null: 1 },
                },
                { key: 'a.b "ü" \\ \n', count: 1, first_seen: at(2), last_seen: at(2), types: { string: 1 } },
              ],
              properties_truncated: false,
            },
            {
              name: '$pageview',
              count: 2,
              first_seen: at(3),
              last_seen: at(4),
              properties: [
                { key: 'in', count: 1, first_seen: at(4), last_seen: at(4), types: { object: 1 } },
              ],
              properties_truncated: false,
            },
          ],
        },
        'schema',
      )
    },
  },
  {
    name: 'names and keys are limited, ties by code points, and the answer says so',
    async run(store) {
      const keys = ['b', 'B', '\u{1F642}', '\uFF21']
      const properties = JSON.stringify(Object.fromEntries(keys.map((key) => [key, 1])))
      await store.insert(
        batch(
          ...keys.map((event_name) => storedEvent({ event_id: event_name, event_name, properties })),
          storedEvent({ event_id: 'more', event_name: '\u{1F642}', properties: '{"b":"text"}' }),
        ),
      )
      const listed = async (fields: Partial<SchemaPlan>): Promise<unknown[]> => {
        const { events, truncated } = await store.query<'schema'>(schema(fields))
        return [
          truncated,
          ...events.map((event) => [
            event.name,
            event.properties.map(({ key }) => key),
            event.properties_truncated,
          ]),
        ]
      }
      expectEqual(
        await listed({ limit: 2, properties_limit: 3 }),
        [true, ['\u{1F642}', ['b', 'B', '\uFF21'], true], ['B', ['B', 'b', '\uFF21'], true]],
        'cut',
      )
      expectEqual(
        await listed({ limit: 4, properties_limit: 4 }),
        [
          false,
          ['\u{1F642}', ['b', 'B', '\uFF21', '\u{1F642}'], false],
          ...['B', 'b', '\uFF21'].map((name) => [name, ['B', 'b', '\uFF21', '\u{1F642}'], false]),
        ],
        'as many as there are',
      )
    },
  },
  {
    name: 'a schema is of the range, the filters and what may be seen',
    async run(store) {
      const properties = (key: string): string => JSON.stringify({ [key]: 1 })
      await store.insert(
        batch(
          storedEvent({ event_id: '1', event_name: 'before', timestamp: TEST_NOON - 1 }),
          storedEvent({ event_id: '2', event_name: 'seen', properties: properties('seen') }),
          storedEvent({ event_id: '3', event_name: 'seen', properties: properties('bot'), is_bot: true }),
          storedEvent({
            event_id: '4',
            event_name: 'seen',
            properties: properties('secret'),
            source: 'secret',
          }),
          storedEvent({ event_id: '5', event_name: 'secret', source: 'secret' }),
          storedEvent({ event_id: '6', event_name: 'filtered', country: 'FR' }),
          storedEvent({ event_id: '7', event_name: 'end', timestamp: TEST_NOON + HOUR }),
          storedEvent({ event_id: '8', event_name: 'other', project_id: OTHER_PROJECT }),
        ),
      )
      const { events } = await store.query<'schema'>(
        schema({
          from: TEST_NOON,
          to: TEST_NOON + HOUR,
          visible: [{ op: 'not', of: { op: 'is', field: 'source', values: ['secret'] } }],
          filters: [{ op: 'is', field: 'country', values: ['DE'] }],
        }),
      )
      expectEqual(
        events.map(({ name, count, properties: found }) => [name, count, found.map(({ key }) => key)]),
        [['seen', 1, ['seen']]],
        'seen',
      )
    },
  },
]
