import { createAnalytics, type Diagnostic } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import { batchResponseSchema } from '@millimetric/schema'
import { afterAll, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const events = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
const keys = memoryKeys()
const heard: Diagnostic[] = []
const analytics = createAnalytics({
  events,
  keys,
  // A hook that breaks what validation has made whole.
  beforeStore: (event) =>
    event.event_name === 'broken' ? Object.assign({ ...event }, { path: '/secret-\ud83d' }) : event,
  onDiagnostic: (diagnostic) => heard.push(diagnostic),
})
afterAll(async () => void (await analytics.close()))

test('a refused event is answered, heard of and listed; its neighbours are stored', async () => {
  const { keys: own } = await analytics.projects.create({ slug: 'shop' })
  await analytics.projects.create({ slug: 'empty' })
  const neighbours = Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      analytics.track({ event: 'fine', event_id: `f${n}` }, { project: 'shop' }),
    ),
  )
  const receipt = await analytics.track({ event: 'broken', event_id: 'b1' }, { project: 'shop' })
  expect(receipt).toMatchObject({ ok: false, status: 'rejected', code: 'quarantined', event_id: 'b1' })
  expect((await neighbours).map(({ ok }) => ok)).toEqual(Array(20).fill(true))

  const answer = await analytics.handler(
    new Request('http://x/v1/batch', {
      method: 'POST',
      headers: { authorization: `Bearer ${own.sk}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        events: [
          { event: 'fine', event_id: 'f99' },
          { event: 'broken', event_id: 'b2' },
        ],
      }),
    }),
  )
  expect(answer.status).toBe(202)
  const body = batchResponseSchema.parse(await answer.json())
  expect(body.count).toBe(1)
  expect(body.results.map(({ status, code }) => [status, code])).toEqual([
    ['stored', undefined],
    ['rejected', 'quarantined'],
  ])

  const about = heard.filter(({ kind }) => kind === 'event_quarantined')
  expect(about).toEqual([
    expect.objectContaining({ event_id: 'b1', code: 'CANNOT_PARSE_ESCAPE_SEQUENCE' }),
    expect.objectContaining({ event_id: 'b2', code: 'CANNOT_PARSE_ESCAPE_SEQUENCE' }),
  ])
  expect(JSON.stringify([receipt, body, about])).not.toContain('secret')
  expect((await analytics.stats({ range: 'today' }, { project: 'shop' })).rows).toEqual([{ value: 21 }])
})

test('the same id with another body is a duplicate with a warning, also for the process after this one', async () => {
  const said: Diagnostic[] = []
  const next = createAnalytics({ events, keys, project: 'shop', onDiagnostic: (one) => said.push(one) })
  const event = {
    event: 'fine',
    event_id: 'same',
    anonymous_id: 'a',
    timestamp: Date.now(),
    properties: { n: 1 },
  }
  expect(await analytics.track(event, { project: 'shop' })).toMatchObject({ status: 'stored' })
  expect(await next.track(event)).toEqual({ ok: true, event_id: 'same', status: 'duplicate' })
  expect(said).toEqual([])
  expect(await next.track({ ...event, properties: { n: 2 } })).toEqual({
    ok: true,
    event_id: 'same',
    status: 'duplicate',
    warnings: ['id_conflict'],
  })
  expect(said).toMatchObject([{ kind: 'id_conflict', event_id: 'same' }])
  const { rows } = await next.query({ range: 'today' })
  expect(rows.filter(({ event_id }) => event_id === 'same')).toMatchObject([{ properties: '{"n":1}' }])
})

test('millimetric quarantine lists them, all or of one project', async () => {
  const command = COMMANDS.get('quarantine')
  const ask = async (options: Record<string, string>): Promise<unknown> => {
    let printed: unknown
    const stores = {
      events,
      keys: { ...keys, plan: () => '', migrate: async () => ({ applied: [] }) },
      end: async () => {},
    }
    await command?.run(stores, analytics, { words: [], options, print: (value) => (printed = value) })
    return printed
  }
  const all = [
    { project: 'shop', event_id: 'b2', code: 'CANNOT_PARSE_ESCAPE_SEQUENCE' },
    { project: 'shop', event_id: 'b1' },
  ]
  expect(await ask({})).toMatchObject(all)
  expect(await ask({ project: 'shop', limit: '1' })).toMatchObject(all.slice(0, 1))
  expect(await ask({ project: 'empty' })).toEqual([])
  await expect(ask({ project: 'none' })).rejects.toMatchObject({ code: 'unknown_project' })
  await expect(ask({ limit: 'x' })).rejects.toMatchObject({ code: 'invalid_params' })
})
