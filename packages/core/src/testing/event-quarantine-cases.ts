import type { QuarantinedEvent } from '../ports/quarantine-store.js'
import { ask, batch, DAY, type EventStoreCase, HOSTILE, HOUR, total } from './event-store-case.js'
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
    name: 'an erasure reaches refused events: of the person, linked to them, up to the moment, in its project',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({
            event_id: 'link',
            event_name: '$identify',
            anonymous_id: 'laptop',
            user_id: 'ann',
            timestamp: TEST_NOON - 1,
          }),
        ),
      )
      const gone = [
        quarantined({ event_id: 'own', user_id: 'ann' }),
        quarantined({ event_id: 'linked', anonymous_id: 'laptop' }),
        quarantined({ event_id: 'timeless', user_id: 'ann', timestamp: 0 }),
      ]
      const kept = [
        quarantined({ event_id: 'later', user_id: 'ann', timestamp: TEST_NOON + 1 }),
        quarantined({ event_id: 'other user', anonymous_id: 'laptop', user_id: 'bob' }),
        quarantined({ event_id: 'stranger' }),
      ]
      const elsewhere = [
        quarantined({ event_id: 'next door', user_id: 'ann', project_id: OTHER_PROJECT }),
        quarantined({ event_id: 'nowhere', user_id: 'ann', project_id: 'no uuid' }),
      ]
      await store.quarantine('quarantine-people', [...gone, ...kept, ...elsewhere])
      const id = '99999999-0000-4000-8000-000000000001'
      await store.noteErasures([
        { id, project_id: TEST_PROJECT, user_id: 'ann', anonymous_id: '', until: TEST_NOON },
      ])
      const selectors = [{ kind: 'person', erasure_id: id, project_id: TEST_PROJECT }] as const
      const receipt = await store.purge(selectors)
      expectEqual([receipt.get(id)?.events, receipt.get(id)?.quarantine], [1, gone.length], 'counted')
      expectEqual(await store.survivors(selectors), {}, 'left')
      const names = async (project: string): Promise<string[]> =>
        (await store.quarantined(project, 10)).map(({ event_id }) => event_id)
      expectEqual(await names(TEST_PROJECT), kept.map(({ event_id }) => event_id).sort(), 'kept')
      expectEqual(await names(OTHER_PROJECT), ['next door'], 'next door')
      expectEqual(await names('no uuid'), ['nowhere'], 'no project')
    },
  },
  {
    name: 'an erasure takes what was there at its moment, also from a clock that is ahead, and what came after stays',
    async run(store) {
      const ahead = { timestamp: TEST_NOON + 3 * HOUR, received_at: TEST_NOON - 1 }
      await store.insert(
        batch(
          storedEvent({ ...ahead, event_id: 'link', event_name: '$identify', user_id: 'ann' }),
          storedEvent({ ...ahead, event_id: 'own', user_id: 'ann' }),
          storedEvent({ ...ahead, event_id: 'linked' }),
          storedEvent({ event_id: 'late', user_id: 'ann', timestamp: TEST_NOON, received_at: TEST_NOON + 9 }),
          storedEvent({ event_id: 'back', user_id: 'ann', timestamp: TEST_NOON + 1 }),
        ),
      )
      const id = '99999999-0000-4000-8000-000000000002'
      await store.noteErasures([
        { id, project_id: TEST_PROJECT, user_id: 'ann', anonymous_id: '', until: TEST_NOON },
      ])
      const selectors = [{ kind: 'person', erasure_id: id, project_id: TEST_PROJECT }] as const
      expectEqual((await store.survivors(selectors)).events, 4, 'to erase')
      const receipt = await store.purge(selectors)
      expectEqual([receipt.get(id)?.events, receipt.get(id)?.identity_links], [4, 1], 'counted')
      expectEqual(await store.survivors(selectors), {}, 'left')
      expectEqual(await total(store), 1, 'kept')
      expectEqual((await ask(store, { user_id: 'ann' })).anonymous_ids, [], 'no link is left')
    },
  },
  {
    name: 'retention reaches refused events, by their own time, or by that of the refusal where they have none',
    async run(store) {
      const old = TEST_NOON - 10 * DAY
      await store.quarantine('quarantine-old', [
        quarantined({ event_id: 'old', timestamp: old }),
        quarantined({ event_id: 'old refusal', timestamp: 0, quarantined_at: old }),
        quarantined({ event_id: 'new', quarantined_at: old }),
        quarantined({ event_id: 'new refusal', timestamp: 0 }),
        quarantined({ event_id: 'next door', timestamp: old, project_id: OTHER_PROJECT }),
      ])
      const selectors = [{ kind: 'retention', project_id: TEST_PROJECT, before: TEST_NOON - DAY }] as const
      const receipt = await store.purge(selectors)
      expectEqual(receipt.get(TEST_PROJECT)?.quarantine, 2, 'counted')
      expectEqual(await store.survivors(selectors), {}, 'left')
      const kept = await store.quarantined(TEST_PROJECT, 10)
      expectEqual(kept.map(({ event_id }) => event_id).sort(), ['new', 'new refusal'], 'kept')
      expectEqual((await store.quarantined(OTHER_PROJECT, 10)).length, 1, 'next door')
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
