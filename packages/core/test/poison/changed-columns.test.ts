import type { StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, expect, test } from 'vitest'
import { EVENT_COLUMNS } from '../../src/stores/clickhouse/schema/events.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const store = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
afterAll(async () => await store.close())

// What says which event it is and when can't be taken away.
const KEPT = [
  'project_id',
  'event_id',
  'timestamp',
  'received_at',
  'client_timestamp',
  'seq',
  'body_hash',
  'batch',
]
const GONE = Object.keys(EVENT_COLUMNS).filter((name) => !KEPT.includes(name))

function without(name: string): StoredEvent {
  const event = storedEvent({ event_id: `without ${name}` })
  Reflect.deleteProperty(event, name)
  return event
}

test('what a hook took away of an event is empty', async () => {
  await store.insert({ token: 'gone', events: GONE.map(without) })
  const { rows } = await store.query<'events'>({
    kind: 'events',
    project_id: TEST_PROJECT,
    from: TEST_NOON,
    to: TEST_NOON + 1,
    filters: [],
    include_bots: true,
    limit: 100,
  })
  const by = new Map(rows.map((row) => [row.event_id, row]))
  expect(by.size).toBe(GONE.length)
  expect(by.get('without source')).toMatchObject({ source: '', medium: 'direct', path: '/', is_bot: false })
  expect(by.get('without anonymous_id')).toMatchObject({ anonymous_id: null, source: 'direct' })
  expect(by.get('without is_bot')).toMatchObject({ is_bot: false, os: 'linux' })
  expect(by.get('without sdk_version')).toMatchObject({ is_bot: false, os: 'linux', properties: {} })
})

test('a column in the place of another is refused, not stored as that', async () => {
  const event = without('term')
  Object.assign(event, { shoe_size: '44' })
  await expect(store.insert({ token: 'other', events: [event] })).rejects.toMatchObject({
    code: 'event_refused',
    details: { code: 'INCORRECT_DATA', certain: true },
  })
})
