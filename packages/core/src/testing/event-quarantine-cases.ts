import type { QuarantinedEvent } from '../ports/quarantine-store.js'
import { batch, type EventStoreCase, HOSTILE, total } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON, TEST_PROJECT } from './stored-event.js'

function quarantined(fields: Partial<QuarantinedEvent> & { event_id: string }): QuarantinedEvent {
  return {
    project_id: TEST_PROJECT,
    anonymous_id: 'visitor',
    user_id: '',
    timestamp: TEST_NOON,
    received_at: TEST_NOON + 1,
    quarantined_at: TEST_NOON + 2,
    code: 'CANNOT_PARSE_UUID',
    reason: 'The row was refused.',
    row: '{"a":1}',
    ...fields,
  }
}

/** Events that were refused, and batches of which nobody knows what was stored. */
export const quarantineCases: readonly EventStoreCase[] = [
  {
    name: 'refused events come back as they were kept, newest first, each project its own',
    async run(store) {
      const older = quarantined({ event_id: 'older' })
      const newer = quarantined({ event_id: 'newer', quarantined_at: TEST_NOON + 5, user_id: 'u' })
      const other = quarantined({ event_id: 'other', project_id: OTHER_PROJECT })
      await store.quarantine('quarantine-1', [older, other])
      await store.quarantine('quarantine-2', [newer])
      expectEqual(await store.quarantined(TEST_PROJECT, 10), [newer, older], 'own')
      expectEqual(await store.quarantined(TEST_PROJECT, 1), [newer], 'limit')
      expectEqual(await store.quarantined(OTHER_PROJECT, 10), [other], 'other')
      expectEqual(await total(store), 0, 'not among events')
    },
  },
  {
    name: 'the same quarantine sent three times is kept once; an empty one is nothing',
    async run(store) {
      const event = quarantined({ event_id: 'once' })
      for (let send = 0; send < 3; send++) await store.quarantine('quarantine-same', [event])
      await store.quarantine('quarantine-empty', [])
      expectEqual((await store.quarantined(TEST_PROJECT, 10)).length, 1, 'kept')
    },
  },
  {
    name: 'a refused event may hold anything, a project that is none too',
    async run(store) {
      const events = [...HOSTILE, '\0', ''].map((text, index) =>
        quarantined({
          event_id: `${index}${text}`,
          project_id: `no uuid ${text}`,
          user_id: text,
          anonymous_id: text,
          timestamp: 0,
          row: JSON.stringify({ text }),
        }),
      )
      await store.quarantine('quarantine-hostile', events)
      for (const event of events) {
        expectEqual(await store.quarantined(event.project_id, 10), [event], event.project_id)
      }
    },
  },
  {
    name: 'a batch has landed when its rows are stored under its token, and not by others of its ids',
    async run(store) {
      const first = batch(storedEvent({ event_id: 'a' }), storedEvent({ event_id: 'b' }))
      const second = batch(storedEvent({ event_id: 'a' }), storedEvent({ event_id: 'c' }))
      expectEqual(await store.landed(first), false, 'before')
      await store.insert(first)
      expectEqual([await store.landed(first), await store.landed(second)], [true, false], 'after')
      expectEqual(await store.landed(batch()), false, 'nothing')
    },
  },
]
