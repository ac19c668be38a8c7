import type { EventStore, StoredEvent } from '../ports/event-store.js'
import type { EventRange, Landing, StoredVerdict, VerdictChange } from '../ports/verdict-store.js'
import {
  batch,
  DAY,
  type EventStoreCase,
  events,
  groups,
  HOSTILE,
  HOUR,
  ids,
  MINUTE,
  SCOPE,
  sessionRows,
  sessions,
  sources,
  stats,
} from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON, TEST_PROJECT } from './stored-event.js'

const RANGE: EventRange = { project_id: TEST_PROJECT, from: SCOPE.from, to: SCOPE.to }

const PAID: StoredVerdict = {
  source: 'google',
  medium: 'paid',
  campaign: 'spring',
  term: 'shoes',
  content: 'top',
  channel: 'paid_search',
  source_confidence: 'low',
  source_rule_id: 'paid_click_id',
}

/** All landings of a range, page by page. */
async function landings(store: EventStore, range: EventRange = RANGE, limit = 1000): Promise<Landing[]> {
  const all: Landing[] = []
  for (;;) {
    const page = await store.landings(range, { after: all.at(-1)?.key ?? '', limit })
    all.push(...page)
    if (page.length < limit) return all
  }
}

/** Gives the landings that a test picks a verdict; how many there were. */
async function apply(
  store: EventStore,
  pick: (landing: Landing) => StoredVerdict | undefined,
  range: EventRange = RANGE,
): Promise<number> {
  const changes = (await landings(store, range)).flatMap((landing) => {
    const verdict = pick(landing)
    return verdict === undefined ? [] : [{ key: landing.key, verdict }]
  })
  await store.reclassify(range, inPages(changes))
  return changes.length
}

async function* inPages(changes: readonly VerdictChange[]): AsyncGenerator<readonly VerdictChange[]> {
  for (let at = 0; at < changes.length; at += 500) yield changes.slice(at, at + 500)
}

async function counted(store: EventStore): Promise<[string, string, number][]> {
  const { rows } = await store.query<'sources'>(sources({ include_bots: true }))
  return rows.map(({ source, medium, events: n }) => [source, medium, n])
}

/** Judging stored events again: they get the verdict named for them, and every report says so. */
export const reclassifyCases: readonly EventStoreCase[] = [
  {
    name: 'landings are what came alike and was judged alike, with how often',
    async run(store) {
      const ad = { url: 'https://site.test/?gclid=1', referrer: 'https://www.google.com/' }
      const twin = storedEvent({ event_id: 'a', ...ad })
      await store.insert(
        batch(
          twin,
          storedEvent({ event_id: 'b', ...ad, is_bot: true, timestamp: SCOPE.from }),
          storedEvent({ event_id: 'c', ...ad, ...PAID }),
          storedEvent({ event_id: 'd', ...ad, content: 'x' }),
          storedEvent({ event_id: 'e', ...ad, referrer: '' }),
          storedEvent({ event_id: 'f', ...ad, timestamp: SCOPE.to }),
          storedEvent({ event_id: 'g', ...ad, project_id: OTHER_PROJECT }),
        ),
      )
      await store.insert(batch({ ...twin, received_at: TEST_NOON + 1, url: 'https://later.test/' }))
      const found = await landings(store)
      const seen = found.map(({ url, referrer, verdict, events: n }) => [
        url,
        referrer,
        verdict.source,
        verdict.content,
        n,
      ])
      expectEqual(
        seen.toSorted(),
        [
          [ad.url, '', 'direct', '', 1],
          [ad.url, ad.referrer, 'direct', '', 2],
          [ad.url, ad.referrer, 'direct', 'x', 1],
          [ad.url, ad.referrer, 'google', 'top', 1],
        ],
        'landings',
      )
      expectEqual(
        found.find(({ verdict }) => verdict.source === 'google')?.verdict,
        PAID,
        'a verdict comes back whole',
      )
      expectEqual(
        await landings(store, { ...RANGE, from: SCOPE.to, to: SCOPE.to + 1 }).then(keysOf),
        [found.find(({ events: n }) => n === 2)?.key],
        'a key means the same in every range',
      )
      expectEqual(await landings(store, { ...RANGE, to: RANGE.from }), [], 'an empty range')
    },
  },
  {
    name: 'landings come in pages, each once, in one order',
    async run(store) {
      const urls = [...HOSTILE, ...Array.from({ length: 25 }, (_, n) => `https://site.test/?gclid=${n}`)]
      await store.insert(
        batch(...urls.map((url, n) => storedEvent({ event_id: `e${n}`, url, referrer: urls[n + 1] ?? '' }))),
      )
      const whole = await landings(store)
      expectEqual(whole.map(({ url }) => url).toSorted(), urls.toSorted(), 'all of them')
      for (const limit of [1, 7, urls.length]) {
        expectEqual(await landings(store, RANGE, limit), whole, `pages of ${limit}`)
      }
    },
  },
  {
    name: 'a new verdict reaches every row of its landing in the range, and no other row',
    async run(store) {
      const old = { url: 'https://site.test/?gclid=1' }
      await store.insert(
        batch(
          ...visits([0, old], [HOUR, { ...old, is_bot: true }], [2 * HOUR, { url: 'https://site.test/2' }]),
        ),
      )
      await store.insert(
        batch(
          storedEvent({ event_id: 'before', ...old, timestamp: SCOPE.from - 1 }),
          storedEvent({ event_id: 'after', ...old, timestamp: SCOPE.to }),
          storedEvent({ event_id: 'else', ...old, project_id: OTHER_PROJECT }),
          storedEvent({ event_id: 'own', ...old, source: 'mine' }),
        ),
      )
      const order = await ids(store, events({ include_bots: true }))
      const pick = ({ url, verdict }: Landing): StoredVerdict | undefined =>
        url === old.url && verdict.source === 'direct' ? PAID : undefined
      expectEqual(await apply(store, pick), 1, 'landings')
      expectEqual(
        await counted(store),
        [
          ['direct', 'direct', 1],
          ['google', 'paid', 2],
          ['mine', 'direct', 1],
        ].toSorted((a, b) => Number(b[2]) - Number(a[2])),
        'sources',
      )
      expectEqual(
        (await landings(store)).find(({ verdict }) => verdict.source === 'google')?.verdict,
        PAID,
        'all columns',
      )
      expectEqual(await ids(store, events({ include_bots: true })), order, 'ids and order')
      const wide = { from: SCOPE.from - DAY, to: SCOPE.to + DAY }
      expectEqual(
        await groups(store, stats({ ...wide, group_by: ['source'] })),
        [
          ['direct', 3],
          ['google', 1],
          ['mine', 1],
        ],
        'around the range',
      )
      expectEqual(
        await groups(store, stats({ project_id: OTHER_PROJECT, group_by: ['source'] })),
        [['direct', 1]],
        'the other project',
      )
      expectEqual(await apply(store, pick), 0, 'nothing is left the second time')
      expectEqual(
        (await store.known([{ project_id: TEST_PROJECT, event_id: 'v0' }])).size,
        1,
        'ids stay known',
      )
    },
  },
  {
    name: 'sessions take the new verdict of their first event',
    async run(store) {
      const ad = { url: 'https://site.test/?gclid=1' }
      // One session over three half hours from three inserts, one that only ends with the ad, one of a caller.
      const first = visits([0, ad], [29 * MINUTE], [55 * MINUTE])
      for (const event of first) await store.insert(batch({ ...event, event_id: `x${event.event_id}` }))
      await store.insert(batch(storedEvent({ event_id: 'late', timestamp: TEST_NOON + MINUTE })))
      await store.insert(
        batch(
          storedEvent({ event_id: 'p', anonymous_id: 'other', timestamp: TEST_NOON + 1 }),
          storedEvent({ event_id: 'q', anonymous_id: 'other', timestamp: TEST_NOON + MINUTE, ...ad }),
          storedEvent({ event_id: 'r', anonymous_id: 'third', session_id: 'caller', ...ad }),
        ),
      )
      const by = sessions({ group_by: ['source', 'medium', 'campaign', 'channel', 'hostname'] })
      const before = await sessionRows(store, by)
      await apply(store, ({ url }) => (url === ad.url ? PAID : undefined))
      const after = await sessionRows(store, by)
      expectEqual(
        after.map(({ group, sessions: n }) => [...group, n]),
        [
          ['google', 'paid', 'spring', 'paid_search', 'site.test', 2],
          ['direct', 'direct', '', 'direct', 'site.test', 1],
        ],
        'sessions by source',
      )
      for (const measure of ['sessions', 'bounces', 'pageviews', 'duration_ms'] as const) {
        const sum = (rows: typeof after): number => rows.reduce((all, row) => all + row[measure], 0)
        expectEqual(sum(after), sum(before), `${measure} stay`)
      }
      await store.insert(
        batch(storedEvent({ event_id: 'earlier', timestamp: TEST_NOON - MINUTE, source: 'newsletter' })),
      )
      expectEqual(
        (await sessionRows(store, sessions({ group_by: ['source'] })))
          .map(({ group }) => group[0])
          .toSorted(),
        ['direct', 'google', 'newsletter'],
        'an earlier event that comes late is the first',
      )
    },
  },
  {
    name: 'events that come while verdicts are rewritten keep their own',
    async run(store) {
      const ad = { url: 'https://site.test/?gclid=1' }
      await store.insert(batch(storedEvent({ event_id: 'old', ...ad })))
      const [landing] = await landings(store)
      await store.reclassify(
        RANGE,
        (async function* meanwhile(): AsyncGenerator<readonly VerdictChange[]> {
          yield landing === undefined ? [] : [{ key: landing.key, verdict: PAID }]
          await store.insert(
            batch(
              storedEvent({ event_id: 'new', ...ad, source: 'fresh' }),
              storedEvent({ event_id: 'same', ...ad, anonymous_id: 'other' }),
            ),
          )
        })(),
      )
      expectEqual(
        await groups(store, stats({ group_by: ['source'] })),
        [
          ['google', 2],
          ['fresh', 1],
        ],
        'sources',
      )
      await sessionRows(store, sessions({ group_by: ['source'] }))
    },
  },
  {
    name: 'many landings, hostile texts, a change named twice, and no change at all',
    async run(store) {
      const list = Array.from({ length: 1200 }, (_, n) =>
        storedEvent({
          event_id: `e${n}`,
          anonymous_id: `v${n % 50}`,
          url: `https://site.test/?gclid=${n}`,
          timestamp: TEST_NOON + (n % 90) * MINUTE,
          source: `old-${n % 7}`,
        }),
      )
      await store.insert(batch(...list))
      await store.reclassify(RANGE, inPages([]))
      expectEqual((await groups(store, stats({ group_by: ['source'] }))).length, 7, 'nothing moved')
      const sourceOf = ({ url }: { url: string }): string =>
        HOSTILE[Number(url.split('=')[1]) % HOSTILE.length] ?? ''
      const found = await landings(store)
      const changes = found.map((landing) => ({
        key: landing.key,
        verdict: { ...PAID, source: sourceOf(landing), content: landing.url },
      }))
      await store.reclassify(RANGE, inPages([...changes, ...changes]))
      const moved = await landings(store)
      expectEqual(
        moved.map(({ url, verdict }) => [url, verdict.source, verdict.content]).toSorted(),
        list.map((event: StoredEvent) => [event.url, sourceOf(event), event.url]).toSorted(),
        'each its own',
      )
      expectEqual(
        moved.reduce((sum, landing) => sum + landing.events, 0),
        1200,
        'none lost',
      )
      await sessionRows(store, sessions({ group_by: ['source', 'campaign'] }))
    },
  },
]

function keysOf(list: readonly Landing[]): string[] {
  return list.map(({ key }) => key)
}
