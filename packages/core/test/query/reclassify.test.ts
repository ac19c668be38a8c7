import { RULESET_VERSION } from '@millimetric/classifier'
import {
  type Analytics,
  type AnalyticsOptions,
  createAnalytics,
  type EventStore,
  type Landing,
  type StoredEvent,
} from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { storedEvent } from '@millimetric/core/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { reclassify } from '../../src/query/reclassify.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const MINUTE = 60_000
const DAY = 86_400_000

type Options = Pick<AnalyticsOptions, 'classifier'>

async function openAnalytics(
  events: EventStore,
  options: Options = {},
): Promise<{ analytics: Analytics; projectId: string }> {
  const analytics = createAnalytics({
    events,
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
    ...options,
  })
  const { project } = await analytics.projects.create({ slug: 'shop' })
  return { analytics, projectId: project.id }
}

/** As rules of long ago left them: an ad as a referral, an assistant as a search engine. */
const OUTDATED: readonly (Partial<StoredEvent> & { event_id: string })[] = [
  ...Array.from({ length: 6 }, (_, n) => ({
    event_id: `ad${n}`,
    anonymous_id: `ad${n % 3}`,
    timestamp: NOW - n * DAY - MINUTE,
    url: `https://shop.test/?gclid=${n}&utm_term=shoes&utm_content=top`,
    referrer: 'https://www.google.com/',
    source: 'google.com',
    medium: 'referral',
    channel: 'referral',
    source_confidence: 'low' as const,
    source_rule_id: 'old_rule',
    is_bot: n === 5,
  })),
  ...Array.from({ length: 3 }, (_, n) => ({
    event_id: `ai${n}`,
    anonymous_id: 'reader',
    timestamp: NOW - DAY - n * 20 * MINUTE,
    url: 'https://shop.test/guide',
    referrer: 'https://chatgpt.com/',
    source: 'chatgpt',
    medium: 'organic',
    channel: 'organic_search',
    source_rule_id: 'referrer_known',
  })),
  // Right already.
  {
    event_id: 'plain',
    anonymous_id: 'reader',
    timestamp: NOW - DAY - 50 * MINUTE,
    url: 'https://shop.test/',
  },
  // Judged by what is not stored.
  {
    event_id: 'app',
    anonymous_id: 'app',
    timestamp: NOW - MINUTE,
    url: 'https://shop.test/',
    source: 'instagram',
    medium: 'social',
    channel: 'organic_social',
    source_rule_id: 'in_app_browser',
  },
  {
    event_id: 'own',
    anonymous_id: 'own',
    timestamp: NOW - MINUTE,
    url: '',
    referrer: 'https://shop.test/',
    source: 'internal',
    channel: 'internal',
    source_rule_id: 'referrer_own',
  },
  // Before the range.
  {
    event_id: 'old',
    timestamp: NOW - 40 * DAY,
    url: 'https://shop.test/?gclid=9',
    source_rule_id: 'old_rule',
  },
]

async function landingsOf(store: EventStore, project_id: string): Promise<readonly Landing[]> {
  return await store.landings({ project_id, from: 0, to: NOW + DAY }, { after: '', limit: 10_000 })
}

const stores: Readonly<Record<string, () => EventStore>> = {
  memory: memoryEvents,
  chdb: () => chdbEvents({ path: CHDB_PATH, database: freshDatabase(), rollupFromRows: 0 }),
}

// Held open, because the last user to leave closes the engine.
const holder = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
await holder.migrate()
afterAll(async () => await holder.close())

for (const [name, open] of Object.entries(stores)) {
  describe(name, () => {
    test('outdated verdicts: the dry run shows exactly what moves, apply moves it, a second run moves nothing', async () => {
      const store = open()
      const { analytics, projectId } = await openAnalytics(store)
      const history = OUTDATED.map((fields) => storedEvent({ project_id: projectId, ...fields }))
      await store.insert({ token: `history-${projectId}`, events: history })
      const before = await landingsOf(store, projectId)

      const look = await analytics.reclassify({ range: '30d' })
      expect(look).toMatchObject({
        ruleset: RULESET_VERSION,
        applied: false,
        events: 12,
        moving: 9,
        share: 9 / 12,
        left_alone: 2,
        truncated: false,
        warnings: [],
      })
      expect(look.moves).toEqual([
        {
          from: {
            source: 'google.com',
            medium: 'referral',
            channel: 'referral',
            confidence: 'low',
            rule_id: 'old_rule',
          },
          to: {
            source: 'google',
            medium: 'paid',
            channel: 'paid_search',
            confidence: 'high',
            rule_id: 'paid_click_id',
          },
          fields: ['source', 'medium', 'channel', 'term', 'content', 'source_confidence', 'source_rule_id'],
          events: 6,
          example: {
            url: expect.stringMatching(/^https:\/\/shop\.test\/\?gclid=\d&/),
            referrer: 'https://www.google.com/',
          },
        },
        expect.objectContaining({
          to: {
            source: 'chatgpt',
            medium: 'referral',
            channel: 'ai',
            confidence: 'high',
            rule_id: 'referrer_known',
          },
          fields: ['medium', 'channel'],
          events: 3,
          example: { url: 'https://shop.test/guide', referrer: 'https://chatgpt.com/' },
        }),
      ])
      expect(await landingsOf(store, projectId)).toEqual(before)
      const shown = await analytics.reclassify({ range: '30d', limit: 1 })
      expect([shown.moves.length, shown.truncated, shown.moving]).toEqual([1, true, 9])

      expect(await analytics.reclassify({ range: '30d', apply: true })).toEqual({ ...look, applied: true })
      const { rows } = await analytics.sources({ range: '30d', include_bots: true })
      expect(rows.map(({ source, medium, events }) => [source, medium, events])).toEqual([
        ['google', 'paid', 6],
        ['chatgpt', 'referral', 3],
        ['direct', 'direct', 1],
        ['instagram', 'social', 1],
        ['internal', 'direct', 1],
      ])
      const moved = (await landingsOf(store, projectId)).find(({ url }) => url.includes('gclid=0'))
      expect(moved?.verdict).toMatchObject({ term: 'shoes', content: 'top', source_rule_id: 'paid_click_id' })
      for (const metric of ['count', 'uniques', 'people', 'pageviews', 'sessions', 'bounce_rate'] as const) {
        for (const group_by of [['source'], ['channel'], ['medium', 'source']] as const) {
          const question = { range: '30d', metric, group_by, interval: 'day' } as const
          const stored = await analytics.stats(question)
          expect(stored.rows).toEqual((await analytics.stats({ ...question, raw: true })).rows)
        }
      }
      const visits = await analytics.stats({ range: '30d', metric: 'sessions', group_by: ['source'] })
      expect(visits.rows).toContainEqual({ source: 'google', value: 5 })
      expect(visits.rows).not.toContainEqual(expect.objectContaining({ source: 'google.com' }))

      const again = await analytics.reclassify({ range: '30d', apply: true })
      expect([again.moving, again.moves]).toEqual([0, []])
      expect((await analytics.reclassify({ from: '2026-04-01', to: '2026-04-10' })).moving).toBe(1)
      await analytics.close()
    })

    test('what events are judged with now is what their history is judged with: term, content and rule included', async () => {
      const store = open()
      const { analytics, projectId } = await openAnalytics(store)
      const visit = {
        url: 'https://shop.test/?utm_source=news&utm_medium=email&utm_campaign=may&utm_term=a&utm_content=b&email=a@b.c',
        referrer: 'https://www.google.com/search?q=shoes',
      }
      await analytics.track({ event: '$pageview', anonymous_id: 'a', ...visit })
      await analytics.track({
        event: '$pageview',
        anonymous_id: 'b',
        referrer: visit.referrer,
        url: 'https://shop.test/',
      })
      const told = analytics.explain(visit.url, visit.referrer)
      const found = await landingsOf(store, projectId)
      expect(found.map(({ verdict }) => verdict)).toContainEqual({
        source: 'news',
        medium: 'email',
        campaign: 'may',
        term: 'a',
        content: 'b',
        channel: told.classification.channel,
        source_confidence: told.classification.confidence,
        source_rule_id: told.classification.rule_id,
      })
      expect(found.map(({ verdict }) => verdict.term).toSorted()).toEqual(['a', 'shoes'])
      expect(told.rules.find(({ outcome }) => outcome === 'matched')?.rule_id).toBe('medium')
      expect(await analytics.reclassify({ range: '1d' })).toMatchObject({ events: 2, moving: 0 })
      await analytics.close()
    })
  })
}

test('explain judges as ingest does: own options, own host, the request where there is no page', async () => {
  const { analytics } = await openAnalytics(memoryEvents(), { classifier: { ownDomains: 'registrable' } })
  const rule = (...visit: Parameters<Analytics['explain']>): string =>
    analytics.explain(...visit).classification.rule_id
  expect(rule('https://shop.example.com/')).toBe('direct')
  expect(rule('https://shop.example.com/', 'https://blog.example.com/')).toBe('referrer_own')
  expect(rule('', 'https://shop.example.com/', { requestHost: 'shop.example.com' })).toBe('referrer_own')
  expect(rule('', 'https://shop.example.com/')).toBe('referrer_other')
  expect(rule('https://shop.example.com/', '', { userAgent: 'Instagram 300.0' })).toBe('in_app_browser')
  expect(rule('not a url', 'nor this')).toBe('direct')
  await analytics.close()
})

test('only who may administer the project rewrites its history, and mistakes are named', async () => {
  const { analytics } = await openAnalytics(memoryEvents())
  const project = await analytics.projects.find('shop')
  if (project === undefined) throw new Error('no project')
  const key = { kind: 'key', key_kind: 'rk', key_id: 'k', prefix: 'p', scopes: ['read'], project } as const
  const deps = { store: memoryEvents(), clock: () => NOW, classifier: undefined }
  await expect(reclassify(deps, key, { range: '7d' })).rejects.toMatchObject({ code: 'insufficient_scope' })
  for (const params of [
    {},
    { range: '7d', limit: 0 },
    { range: 'sometime' },
    { from: '2026-05-02', to: '2026-05-01' },
  ]) {
    await expect(analytics.reclassify(params)).rejects.toMatchObject({ code: 'invalid_params' })
  }
  await analytics.close()
})

test('a minute with more different visits than one page holds is read to its end', async () => {
  const store = memoryEvents()
  const { analytics, projectId } = await openAnalytics(store)
  const events = Array.from({ length: 10_500 }, (_, n) =>
    storedEvent({
      project_id: projectId,
      event_id: `e${n}`,
      timestamp: NOW - DAY,
      url: `https://a.example/?gclid=${n}`,
    }),
  )
  await store.insert({ token: 'busy', events })
  expect(await analytics.reclassify({ range: '365d' })).toMatchObject({ events: 10_500, moving: 10_500 })
  await analytics.close()
})
