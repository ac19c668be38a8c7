import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startedBefore } from '../../../scripts/test-run/prepared-keys.js'
import { parseReady, type Ready, type Running, start, value } from './start.js'

const CHROMIUM = '/usr/bin/chromium'
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
// A headless browser says so in its user agent, and is then counted as the crawler it mostly is.
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const missing = !existsSync(CHROMIUM)
if (missing) console.warn(`SKIPPED: no ${CHROMIUM}; the demo was not tried in a real browser`)

describe.skipIf(missing && process.env.CI !== 'true')('the demo in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millimetric-browser-'))
  let server: Running
  let browser: Browser | undefined
  let at: Ready

  beforeAll(async () => {
    await startedBefore(folder)
    server = start(
      fileURLToPath(new URL('..', import.meta.url)),
      ['--import', 'tsx', 'src/server.ts', '--json', '--no-seed'],
      { PORT: '0', DATA_DIR: folder },
    )
    const [line] = await server.printed('stdout', /^\{.*\}\n/m)
    at = parseReady(line)
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const count = (query: string): Promise<number> =>
    value(`${at.url}/v1/stats?range=today&${query}`, at.keys.rk)

  it('counts a visit, a navigation by pushState and an event, and shows them', async () => {
    const page = await browser?.newPage({ userAgent: USER_AGENT })
    if (!page) throw new Error('no browser')
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('requestfailed', (request) => errors.push(request.url()))
    await page.goto(`${at.url}/?utm_source=newsletter&utm_medium=email`)
    await expect.poll(() => count('event=$pageview'), { timeout: 15_000 }).toBe(1)

    await page.click('nav a[href="/pricing"]')
    expect(new URL(page.url()).pathname).toBe('/pricing')
    await page.click('nav button')
    await expect.poll(() => count('event=$pageview'), { timeout: 15_000 }).toBe(2)
    await expect.poll(() => count('event=clicked_cta'), { timeout: 15_000 }).toBe(1)
    expect(await count('metric=uniques')).toBe(1)
    expect(await count('event=$pageview&source=newsletter&medium=email')).toBeGreaterThanOrEqual(1)

    await expect.poll(() => page.textContent('#latest'), { timeout: 10_000 }).toContain('/pricing')
    expect(await page.textContent('#visitors')).toBe('1')
    expect(errors).toEqual([])
  })

  it('sends what is left when the page is closed at once', async () => {
    const before = await count('event=clicked_cta')
    const page = await browser?.newPage({ userAgent: USER_AGENT })
    await page?.goto(at.url)
    await page?.waitForFunction(() => 'mm' in window)
    await page?.click('nav button')
    await page?.close({ runBeforeUnload: true })
    await expect.poll(() => count('event=clicked_cta'), { timeout: 15_000 }).toBe(before + 1)
  })
})
