import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CohortsResponse, FunnelResponse, SourcesRow } from '@millimetric/schema/wire'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampled } from '../../../scripts/test-run/measure.js'
import { startedBefore } from '../../../scripts/test-run/prepared-keys.js'
import { post, type Running, read, value } from '../../hono/test/start.js'
import {
  count,
  countryName,
  duration,
  percent,
  roughPercent,
  showValue,
  titleOf,
} from '../lib/dashboard/format'
import { ARGS, CHROMIUM, missingChromium, SHOTS, shoot } from '../src/shots.js'
import { type App, boot, buildApp, freeUrl, keysOf, seed } from './app.js'
import { lookOver } from './looks.js'
import { openPage } from './page.js'

type Row = Record<string, unknown>

const root = mkdtempSync(join(tmpdir(), 'millimetric-next-'))
const seeded = join(root, 'seeded')
const noChromium = missingChromium()
let seededKeys: App['keys']
let browser: Browser | undefined

beforeAll(async () => {
  await Promise.all([startedBefore(seeded), startedBefore(join(root, 'handler'))])
  const [, keys, opened] = await Promise.all([
    buildApp(),
    seed(seeded),
    noChromium ? undefined : chromium.launch({ executablePath: CHROMIUM, args: ARGS }),
  ])
  seededKeys = keys
  browser = opened
})
afterAll(async () => {
  await browser?.close()
  rmSync(root, { recursive: true, force: true })
})

/** On every screen: nothing is cut off, pale, or moves while the page loads. */
async function looksGood(name: string, url: string): Promise<void> {
  if (browser === undefined) throw new Error('no browser')
  for (const shot of sampled(SHOTS, SHOTS.length)) {
    await shoot(browser, url, shot, join(root, `${name}-${shot.name}.png`), async (page) => {
      expect([shot.name, await lookOver(page)]).toEqual([shot.name, { wider: 0, pale: [], moved: 0 }])
    })
  }
}

describe('the handler in route handlers', () => {
  const folder = join(root, 'handler')
  let server: Running | undefined
  let url: string
  let keys: { pk: string; sk: string; rk: string }

  beforeAll(async () => {
    url = await freeUrl()
    server = await boot(folder, url)
    await server.printed('stdout', /Keys, shown once: .*\n/)
    keys = keysOf(server)
  })
  afterAll(() => server?.stop('SIGKILL'))

  const api = (path: string): string => `${url}/api/analytics/v1/${path}`

  it('says in an empty dashboard how to send the first event', async () => {
    const page = await openPage(`${url}/dashboard`)
    expect(page.text('h2')).toBe('Waiting for the first event')
    expect(page.all('pre')).toEqual([
      expect.stringContaining('/v1/a.js'),
      expect.stringContaining('/v1/track'),
    ])
  })

  it.skipIf(noChromium)('looks good while it is empty', () => looksGood('empty', `${url}/dashboard`))

  it('takes events and counts them in the page, one instance for both', async () => {
    const event = {
      event: '$pageview',
      anonymous_id: 'a',
      url: `${url}/?utm_source=newsletter&utm_medium=email`,
    }
    expect((await post(api('track'), keys.sk, event)).status).toBe(202)
    expect(
      (await post(api('batch'), keys.sk, { events: [event, { ...event, anonymous_id: 'b' }] })).status,
    ).toBe(202)
    const beacon = await fetch(api(`track?key=${keys.pk}`), {
      method: 'POST',
      headers: { 'content-type': 'text/plain', origin: url, 'user-agent': 'Mozilla/5.0 (X11) Firefox/145.0' },
      body: JSON.stringify({ ...event, anonymous_id: 'c' }),
    })
    expect(beacon.status).toBe(202)
    expect(await value(api('stats?range=today&event=$pageview'), keys.rk)).toBe(4)
    expect(await value(api('stats?range=today&metric=uniques'), keys.rk)).toBe(3)
    const page = await openPage(`${url}/dashboard`)
    expect(page.table('Sources')).toEqual([['newsletter', '0%', '3']])
    expect([page.text('[data-metric=people]'), page.text('[data-metric=pageviews]')]).toEqual(['3', '4'])
    expect(page.text('.live')).toBe('3 people now')
    expect(page.all('.change')[0]).toBe('no data before')
    expect(await (await fetch(`${url}/dashboard/live`)).json()).toEqual({ visitors: 3 })
    const nobody = await openPage(`${url}/dashboard?source=nobody`)
    expect(nobody.text('h2')).toBe('Nobody in this range')
  })

  it('answers OPTIONS, HEAD, and wrong keys by itself', async () => {
    const preflight = await fetch(api('track'), {
      method: 'OPTIONS',
      headers: { origin: url, 'access-control-request-method': 'POST' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, url])
    const head = await fetch(api('a.js'), { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(head.headers.get('content-type')).toContain('javascript')
    expect((await post(api('track'), 'sk_live_none', {})).status).toBe(401)
    expect((await post(api('track'), keys.rk, { event: 'x' })).status).toBe(403)
    expect((await read(api('stats?range=today'), keys.pk)).status).toBe(403)
    const unknown = await fetch(api('nothing'))
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: 'not_found' }])
  })

  it('ends on SIGTERM, finds its data again, and gives the tracker to the pages but not to the dashboard', async () => {
    await server?.stop('SIGTERM')
    server = await boot(folder, url, { MILLIMETRIC_PK: keys.pk })
    expect(await value(api('stats?range=today&event=$pageview'), keys.rk)).toBe(4)
    expect(server.stdout()).not.toContain('Keys')
    expect((await openPage(url)).attributes('script[data-key]', 'data-key')).toEqual([keys.pk])
    expect((await openPage(`${url}/dashboard`)).attributes('script[data-key]', 'data-key')).toEqual([])
  })
})

describe('the dashboard of seeded traffic', () => {
  let server: Running | undefined
  let url: string

  beforeAll(async () => {
    url = await freeUrl()
    server = await boot(seeded, url)
  })
  afterAll(() => server?.stop('SIGKILL'))

  const api = (path: string): string => `${url}/api/analytics/v1/${path}`

  async function ask<T = { rows: Row[] }>(path: string, question: object): Promise<T> {
    const response = await post(api(path), seededKeys.rk, question)
    const answer: T = await response.json()
    expect([path, response.status, answer]).toEqual([path, 200, answer])
    return answer
  }
  const stats = async (question: object): Promise<Row[]> => (await ask('stats', question)).rows

  it.each([
    ['', {}],
    ['?range=7d&timezone=America%2FNew_York', { timezone: 'America/New_York' }],
    ['?range=90d&source=google', { filters: { field: 'source', op: 'is', value: 'google' } }],
    ['?range=24h', {}],
  ])('shows with %s what analytics.stats says', async (search, more) => {
    const page = await openPage(`${url}/dashboard${search}`)
    const [from, to, beforeFrom, beforeTo] = page.attributes('.period time', 'datetime')
    const now = { from, to, ...more }
    const metrics = [
      'people',
      'pageviews',
      'sessions',
      'bounce_rate',
      'session_duration',
      'conversion_rate',
    ] as const
    const [row] = await stats({ ...now, metrics, goal: { event: 'signup' } })
    expect(row?.people).toBeGreaterThan(20)
    for (const metric of metrics) {
      expect([metric, page.text(`[data-metric=${metric}]`)]).toEqual([
        metric,
        showValue(metric, Number(row?.[metric])),
      ])
    }
    const [before] = await stats({ from: beforeFrom, to: beforeTo, ...more, metrics: ['people'] })
    const change = (Number(row?.people) - Number(before?.people)) / Number(before?.people)
    expect(page.all('.change')[0]).toContain(
      before?.people === 0 ? 'no data before' : roughPercent(Math.abs(change)),
    )
    const pages = { event: '$pageview', metrics: ['pageviews', 'people'], group_by: ['path'], limit: 8 }
    expect(page.table('Top pages')).toEqual(
      (await stats({ ...now, ...pages })).map(({ path, people, pageviews }) => [
        path,
        count(Number(people)),
        count(Number(pageviews)),
      ]),
    )
    const asked = new URLSearchParams({ breakdown: 'source', limit: '200' })
    for (const [name, value] of Object.entries(now)) {
      asked.set(name, typeof value === 'string' ? value : JSON.stringify(value))
    }
    const sources: SourcesRow[] = Object((await read(api(`sources?${asked}`), seededKeys.rk)).body).rows
    expect(page.table('Sources')).toEqual(
      [...sources]
        .sort((a, b) => b.uniques - a.uniques)
        .slice(0, 8)
        .map(({ source, paid_share, uniques }) => [source, roughPercent(paid_share), count(uniques)]),
    )
    const channels = {
      metrics: ['people', 'conversion_rate'],
      goal: { event: 'signup' },
      group_by: ['channel'],
    }
    expect(page.table('Channels')).toEqual(
      (await stats({ ...now, ...channels, limit: 8 })).map(({ channel, people, conversion_rate }) => [
        titleOf(String(channel)),
        count(Number(people)),
        percent(Number(conversion_rate)),
      ]),
    )
    for (const [heading, dimension, name, limit] of [
      ['Countries', 'country', countryName, 8],
      ['Devices', 'browser', titleOf, 5],
    ] as const) {
      const rows = await stats({ ...now, metrics: ['people'], group_by: [dimension], limit })
      expect(page.table(heading)).toEqual(
        rows.map((row) => [name(String(row[dimension])), count(Number(row.people))]),
      )
    }
    const devices = await stats({ ...now, metrics: ['people'], group_by: ['device_type'] })
    expect(page.all('.part-names li')).toHaveLength(devices.length)
  })

  it('draws the chosen metric day by day beside the period before', async () => {
    const page = await openPage(`${url}/dashboard?range=7d&metric=sessions`)
    const rows = await stats({
      range: '7d',
      metric: 'sessions',
      interval: 'day',
      compare: 'previous_period',
    })
    expect(rows).toHaveLength(7)
    expect(page.table('Show as a table').map(([, now, before]) => [now, before])).toEqual(
      rows.map(({ value, previous }) => [count(Number(value)), count(Number(Object(previous).value))]),
    )
    expect(page.attributes('svg path.line', 'd')).toHaveLength(3)
  })

  it('shows how far people go, and who of them come back', async () => {
    const page = await openPage(`${url}/dashboard?source=google`)
    const [from, to] = page.attributes('.period time', 'datetime')
    const filters = { field: 'source', op: 'is', value: 'google' }
    const { steps } = await ask<Pick<FunnelResponse, 'steps'>>('funnel', {
      ...{ from, to, filters },
      window: '14d',
      steps: ['$pageview', 'signup_started', 'signup', 'purchase'].map((event) => ({ event })),
    })
    expect(page.all('.funnel .name b')).toEqual(steps.map((step) => count(step.count)))
    expect(page.all('.funnel .step')).toEqual(
      steps
        .slice(1)
        .map(
          ({ step_rate, median_seconds }) =>
            `↓ ${percent(step_rate ?? 0)} went on` +
            (median_seconds === null ? '' : ` · half within ${duration(median_seconds)}`),
        ),
    )
    const { cohorts } = await ask<Pick<CohortsResponse, 'cohorts'>>('cohorts', {
      ...{ filters, range: '63d', interval: 'week', periods: 8 },
    })
    const table = page.table('People who come back')
    expect(table.map(([, size]) => size)).toEqual(cohorts.slice(-9).map(({ size }) => count(size)))
    // The week of today has no later ones; the first of the nine has eight, the last of which still runs.
    expect(table.at(-1)?.slice(2)).toEqual(Array(8).fill('not yet'))
    const rates = cohorts.at(-9)?.rates.slice(1) ?? []
    expect(table[0]?.slice(2)).toEqual(
      rates.map((rate, index) => `${roughPercent(rate ?? 0)}${index === 7 ? ' so far' : ''}`),
    )
    expect(page.attributes('.heat .running', 'class')).toHaveLength(8)
  })

  describe.skipIf(noChromium)('in Chromium', () => {
    it('looks good', () => looksGood('seeded', `${url}/dashboard`))

    const newPage = (options?: BrowserContextOptions): Promise<Page> => {
      if (browser === undefined) throw new Error('no browser')
      return browser.newPage(options)
    }

    it('works without JavaScript: ranges, rows and zones', async () => {
      const page = await newPage({ javaScriptEnabled: false })
      await page.goto(`${url}/dashboard`)
      await page.getByRole('link', { name: '7 d' }).click()
      await page.getByRole('link', { name: 'google', exact: true }).click()
      await page.getByLabel('Time zone').selectOption('Asia/Tokyo')
      await page.getByRole('button', { name: 'Show' }).click()
      expect(new URL(page.url()).search).toBe('?range=7d&source=google&timezone=Asia%2FTokyo')
      expect(await page.locator('.period time').first().getAttribute('datetime')).toContain('T00:00:00+09:00')
      await page.getByRole('link', { name: /Source is google/ }).click()
      expect(new URL(page.url()).search).toBe('?range=7d&timezone=Asia%2FTokyo')
      await page.close()
    })

    it('changes the zone at once, and counts who is there now', async () => {
      const page = await newPage()
      await page.clock.install()
      await page.goto(`${url}/dashboard`)
      await page.getByLabel('Time zone').selectOption('Asia/Tokyo')
      await page.waitForURL('**/dashboard?timezone=Asia%2FTokyo')
      const event = { event: 'hello', anonymous_id: 'just-came' }
      expect((await post(api('track'), seededKeys.sk, event)).status).toBe(202)
      const asked = page.waitForResponse('**/dashboard/live')
      await page.clock.fastForward(10_000)
      const { visitors } = await (await asked).json()
      expect(visitors).toBeGreaterThan(0)
      await page.getByText(visitors === 1 ? '1 person now' : `${visitors} people now`).waitFor()
      await page.close()
    })
  })
})
