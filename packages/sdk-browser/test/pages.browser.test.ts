import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { script } from '../src/script.js'
import { type Collector, hasChromium, launch, startCollector, until } from './chromium.js'

const KEY = 'pk_test_1'
const TAG = `<script async src="/v1/a.js" data-key="${KEY}"></script>`

describe.skipIf(!hasChromium())('the script in Chromium', () => {
  let browser: Browser
  let context: BrowserContext
  let collector: Collector
  let page: Page
  let problems: string[]

  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser.close())

  beforeEach(async () => {
    collector = await startCollector(script)
    context = await browser.newContext()
    problems = []
    page = await newPage()
  })
  afterEach(async () => {
    await context.close()
    await collector.close()
    expect(problems).toEqual([])
  })

  async function newPage(): Promise<Page> {
    const opened = await context.newPage()
    opened.on('pageerror', (error) => problems.push(String(error)))
    return opened
  }

  /** Runs code in the page; it may use `mm`. */
  const run = (code: string, where: Page = page): Promise<unknown> => where.evaluate(code)

  /** Opens a page and waits for its pageview. */
  async function visit(path: string, origin = collector.origin): Promise<void> {
    await page.goto(origin + path)
    await page.waitForFunction('window.mm && mm.init')
  }

  /** Goes away in the same task, right after the code. */
  async function leave(code: string, path = '/away'): Promise<void> {
    await run(`setTimeout(() => { ${code}; location.href = '${path}' })`)
    await page.waitForURL(`**${path}`)
  }

  /**
   * A page of one server and a collector on another. It sends when it is told to and when it is left: on a busy machine
   * leaving takes longer than events usually wait.
   */
  async function crossOrigin(): Promise<Collector> {
    const site = await startCollector(script)
    site.page = `<!doctype html><script async src="${collector.origin}/v1/a.js"></script>
      <script>window.mm = [['init', { key: '${KEY}', host: '${collector.origin}', flushIntervalMs: 600000 }]]</script>`
    return site
  }

  async function visitAcross(site: Collector): Promise<void> {
    await visit('/', site.origin)
    await run('mm.flush()')
    await until(() => collector.stored().length === 1, 'the pageview')
  }

  test('keeps the visitor over pages and visits, without a cookie', async () => {
    await visit('/one?utm_source=news')
    await run('mm.track("signup", { plan: "free" }); mm.flush()')
    await visit('/two')
    const second = await newPage()
    await second.goto(`${collector.origin}/three`)
    await until(() => collector.stored().length === 4, 'four events')
    expect(new Set(collector.stored().map(({ anonymous_id }) => anonymous_id)).size).toBe(1)
    expect(collector.stored()[0]).toMatchObject({
      event: '$pageview',
      anonymous_id: await run('localStorage.mm_aid'),
      url: `${collector.origin}/one?utm_source=news`,
      path: '/one',
      sdk_name: 'millimetric-browser',
    })
    expect(collector.stored()[0]?.properties).toMatchObject({ $viewport_w: 1280, $utm_source: 'news' })
    expect(collector.received[0]).toMatchObject({ key: KEY, contentType: 'application/json' })
    expect(collector.received.every(({ sentAt }) => typeof sentAt === 'string')).toBe(true)
    expect(await run('Object.keys(localStorage).join()')).toBe('mm_aid')
  })

  test('finds the mount prefix from its own address and replays the calls before it', async () => {
    collector.page = `<!doctype html><div id="mm"></div><script>
      window.mm = new Proxy([], { get: (calls, name) => calls[name] ?? ((...args) => calls.push([name, ...args])) })
      mm.setAnonymousId('u_server'); mm.track('early', { n: 1 })
    </script>${TAG.replace('/v1', '/analytics/v1')}`
    await visit('/')
    await run('mm.push(["track", "late"]); mm.track("later"); mm.flush()')
    await until(() => collector.stored().length === 4, 'four events')
    expect(collector.names()).toEqual(['early', '$pageview', 'late', 'later'])
    expect(collector.received.every(({ path }) => path === '/analytics/v1/batch')).toBe(true)
    expect(collector.stored().every(({ anonymous_id }) => anonymous_id === 'u_server')).toBe(true)
  })

  test('is one SDK when it is on the page twice', async () => {
    collector.page = TAG + TAG
    await visit('/')
    await page.waitForLoadState('networkidle')
    await run('mm.track("x"); mm.flush()')
    await until(() => collector.names().includes('x'), 'the event')
    expect(collector.names()).toEqual(['$pageview', 'x'])
  })

  test('sees navigation inside the page, back and hash routes', async () => {
    await visit('/a')
    await run('history.pushState(null, "", "/b")')
    await run('history.pushState(null, "", "/c#top")')
    await run('history.replaceState(null, "", "/c?filter=1")')
    await page.goBack()
    await page.waitForURL('**/b')
    await run('location.hash = "#/route"')
    await run('location.hash = "#/route/2"')
    await run('new Promise((done) => setTimeout(done, 50)).then(() => mm.flush())')
    await until(() => collector.stored().length === 6, 'six pageviews')
    const at = (path: string): string => collector.origin + path
    expect(collector.stored().map(({ path, referrer }) => [path, referrer])).toEqual([
      ['/a', undefined],
      ['/b', at('/a')],
      ['/c', at('/b')],
      ['/b', at('/c#top')],
      ['/b#/route', at('/b')],
      ['/b#/route/2', at('/b#/route')],
    ])
  })

  describe('unload', () => {
    test('delivers on navigation, the identity link too', async () => {
      await visit('/')
      await leave('mm.track("clicked"); mm.identify("ada", { plan: "pro" }); mm.track("left")')
      await until(() => collector.names().includes('left'), 'the last event')
      expect(collector.names().filter((name) => name !== '$pageview')).toEqual([
        'clicked',
        '$identify',
        'left',
      ])
      const link = collector.received.find(({ path }) => path === '/v1/identify')
      expect(link).toMatchObject({ key: KEY, preflighted: false })
      expect(link?.events[0]).toMatchObject({ user_id: 'ada', traits: { plan: 'pro' } })
    })

    test('delivers when the tab closes', async () => {
      await visit('/')
      await run('mm.track("last words")')
      await page.close({ runBeforeUnload: true })
      await until(() => collector.names().includes('last words'), 'the event')
    })

    test('to another origin needs no preflight', async () => {
      const site = await crossOrigin()
      await visitAcross(site)
      expect(collector.preflights).toBe(1)
      await leave('mm.track("left")')
      await until(() => collector.names().includes('left'), 'the event')
      const last = collector.received.find(({ events }) => events.some(({ event }) => event === 'left'))
      expect(last).toMatchObject({ key: KEY, preflighted: false, contentType: 'text/plain;charset=UTF-8' })
      expect(last?.cookie).toBeUndefined()
      expect(collector.received.map(({ cookie }) => cookie)).not.toContain('session=secret')
      await site.close()
    })

    test('of a hidden page that lives on is not sent twice, and is sent again when it failed', async () => {
      await visit('/')
      await until(() => collector.stored().length === 1, 'the pageview')
      let failing = true
      const accept = collector.answer
      collector.answer = (request) => (failing ? { status: 503 } : accept(request))
      await run(`Object.defineProperty(document, 'hidden', { value: true, configurable: true })
        mm.track('x'); dispatchEvent(new Event('visibilitychange'))`)
      await until(() => collector.received.length === 2, 'the first try')
      failing = false
      await until(() => collector.stored().length === 2, 'the second try')
      // The page must have read the answer: what a plain request has on its way is handed over once more.
      await run(`mm.flush().then(() => { dispatchEvent(new Event('visibilitychange')); return mm.flush() })`)
      expect(collector.received.map(({ status }) => status)).toEqual([202, 503, 202])
      expect(collector.received[2]?.events).toEqual(collector.received[1]?.events)
    })

    test.each([
      [60, 20, 20],
      // Beacons share the 64 KiB of keepalive requests; the rest goes by plain requests, which may not survive.
      [90, 30, 20],
    ])('of %i KB delivers what the browser lets through', async (_, count, least) => {
      collector.page = `<!doctype html><script async src="/v1/a.js"></script>
        <script>window.mm = [['init', { key: '${KEY}', autoPageView: false, flushBatchSize: 1000 }]]</script>`
      await visit('/')
      await leave(`for (let n = 0; n < ${count}; n++) mm.track('big', { n, text: 'x'.repeat(2500) })`)
      await until(() => collector.stored().length >= least, `${least} of ${count}`)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const ids = collector.stored().map(({ event_id }) => event_id)
      expect(new Set(ids).size).toBe(ids.length)
    })

    test('falls back to beacons, and past them to plain requests, when 64 KiB are in flight', async () => {
      await visit('/')
      await until(() => collector.stored().length === 1, 'the pageview')
      collector.answer = (request) => ({
        status: 202,
        delayMs: 300,
        body: { ok: true, count: request.events.length },
      })
      const used = await run(`
        const used = []
        const { fetch } = window
        const beacon = navigator.sendBeacon.bind(navigator)
        window.fetch = (url, init) => {
          used.push(init.keepalive ? 'keepalive' : 'plain')
          return fetch(url, init)
        }
        // What the real one answers depends on what is in flight in the whole page.
        navigator.sendBeacon = (url, body) => {
          const accepted = !used.includes('beacon') && fetch(url, { method: 'POST', body })
          used.push(accepted ? 'beacon' : 'refused')
          return !!accepted
        }
        for (let n = 0; n < 40; n++) mm.track('big', { n, text: 'x'.repeat(2500) })
        dispatchEvent(new Event('pagehide'))
        used.join()
      `)
      expect(used).toBe('keepalive,keepalive,beacon,refused,plain')
      await until(() => collector.stored().length === 41, 'all events')
      await run('mm.flush()')
      expect(collector.received).toHaveLength(5)
      expect(new Set(collector.stored().map(({ event_id }) => event_id)).size).toBe(41)
      expect(collector.received.slice(2).every(({ key, preflighted }) => key === KEY && !preflighted)).toBe(
        true,
      )
    })

    test('the real sendBeacon delivers where keepalive requests are used up', async () => {
      const site = await crossOrigin()
      await visitAcross(site)
      // Says that 64 KiB are in flight by making every keepalive request look too large.
      await leave(`TextEncoder.prototype.encode = () => ({ length: 64000 }); mm.track('by beacon')`)
      await until(() => collector.names().includes('by beacon'), 'the event')
      const last = collector.received.at(-1)
      expect(last).toMatchObject({ key: KEY, preflighted: false, contentType: 'text/plain;charset=UTF-8' })
      await site.close()
    })
  })

  test('tries again after 503, with the same ids and times', async () => {
    const accept = collector.answer
    collector.answer = (request) =>
      collector.received.length > 2
        ? accept(request)
        : { status: 503, headers: collector.received.length > 1 ? { 'Retry-After': '1' } : {} }
    await visit('/')
    await run('mm.track("x"); mm.flush()')
    await until(() => collector.stored().length === 2, 'both events')
    expect(collector.received).toHaveLength(3)
    const first = collector.received[0]?.events ?? []
    expect(collector.stored().slice(0, first.length)).toEqual(first)
    expect(new Set(collector.received.map(({ sentAt }) => sentAt)).size).toBe(3)
  })

  test('waits while offline and delivers when the network is back', async () => {
    await visit('/')
    await until(() => collector.stored().length === 1, 'the pageview')
    await context.setOffline(true)
    await run('mm.track("offline 1"); mm.flush()')
    await run('mm.track("offline 2"); mm.flush()')
    expect(collector.stored()).toHaveLength(1)
    await context.setOffline(false)
    await until(() => collector.stored().length === 3, 'both events')
    expect(collector.names()).toEqual(['$pageview', 'offline 1', 'offline 2'])
  })

  test.each(['doNotTrack', 'globalPrivacyControl'])('leaves visitors with %s alone', async (signal) => {
    const value = signal === 'doNotTrack' ? '"1"' : 'true'
    await context.addInitScript(
      `Object.defineProperty(Navigator.prototype, '${signal}', { get: () => ${value} })`,
    )
    await visit('/')
    await run('mm.track("x"); mm.identify("ada"); history.pushState(null, "", "/b"); mm.flush()')
    await leave('mm.track("y")')
    await page.waitForLoadState('networkidle')
    expect(collector.received).toEqual([])
    expect(await run('localStorage.length')).toBe(0)
  })

  test('works where storage is blocked, with one id for the page', async () => {
    const inner = `<script src="${collector.origin}/v1/a.js" data-key="${KEY}"></script><script>
      try { localStorage } catch { mm.track('sandboxed'); mm.identify('ada'); mm.track('known'); mm.flush() }
    </script>`
    collector.page = `<!doctype html><iframe sandbox="allow-scripts" srcdoc='${inner.replaceAll("'", '&#39;')}'></iframe>`
    await page.goto(collector.origin)
    await until(() => collector.names().includes('known'), 'the events')
    const ids = collector.stored().map(({ anonymous_id }) => anonymous_id)
    expect(new Set(ids).size).toBe(1)
    expect(collector.stored().at(-1)?.user_id).toBe('ada')
  })

  test('survives a Content-Security-Policy without the collector', async () => {
    collector.page = `<!doctype html><meta http-equiv="Content-Security-Policy" content="connect-src 'none'">${TAG}`
    await visit('/')
    await run('mm.track("x"); mm.flush()')
    await leave('mm.track("y")')
    expect(collector.received).toEqual([])
  })
})
