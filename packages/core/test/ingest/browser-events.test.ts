// @vitest-environment happy-dom
import { batchSchema, identifySchema } from '@millimetric/schema'
import * as mm from '@millimetric/track'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { validateEvent, validateIdentify } from '../../src/ingest/validate.js'

const sent: { path: string; body: Record<string, unknown> }[] = []

beforeAll(() => {
  vi.stubGlobal('fetch', async (url: string, request: RequestInit) => {
    sent.push({ path: new URL(url).pathname, body: JSON.parse(String(request.body)) })
    return Response.json({ ok: true, count: 1, results: [] }, { status: 202 })
  })
  history.replaceState(null, '', 'http://localhost:3000/shop?utm_source=news#top')
})
afterAll(() => vi.unstubAllGlobals())

/** Nothing changed, nothing doubted: no unknown field, no server field, no value that had to be mended. */
const FINE = { ok: true, event: { warnings: [] } }

test('all that the browser SDK sends has the form of the wire', async () => {
  mm.init({ key: 'pk_live_00000000_x', flushIntervalMs: 1 })
  mm.track('signup', { plan: 'free', list: [1, null, { a: 'b' }] })
  mm.page('pricing', { $from: 'menu' })
  mm.identify('ann', { plan: 'pro' })
  mm.track('after')
  await mm.flush()
  const facts = { receivedAt: Date.now(), retentionDays: null }
  const events: unknown[] = []
  for (const { path, body } of sent) {
    expect(typeof body.sent_at).toBe('string')
    if (path === '/v1/identify') {
      expect(identifySchema.parse(body)).toEqual(body)
      expect(validateIdentify(body, { ...facts, sentAt: undefined })).toMatchObject(FINE)
      events.push('$identify')
      continue
    }
    expect(path).toBe('/v1/batch')
    const { events: inputs, sent_at } = batchSchema.parse(body)
    expect(Object.keys(body).toSorted()).toEqual(['events', 'sent_at'])
    for (const input of inputs) {
      const valid = validateEvent(input, { ...facts, sentAt: sent_at })
      expect(valid).toMatchObject(FINE)
      events.push(valid.ok && valid.event.event_name)
    }
  }
  expect(events).toEqual(['$pageview', 'signup', '$pageview', '$identify', 'after'])
})
