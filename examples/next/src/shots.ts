import { existsSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'

export const CHROMIUM = '/usr/bin/chromium'
export const ARGS: string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
]

/** True, said aloud, where there is no Chromium; in CI the tests then run and fail. */
export function missingChromium(): boolean {
  if (existsSync(CHROMIUM) || process.env.CI === 'true') return false
  console.warn(`SKIPPED: no ${CHROMIUM}; the dashboard was not tried in a real browser`)
  return true
}

const SIZES = {
  phone: { width: 375, height: 812 },
  desktop: { width: 1280, height: 900 },
} as const

export interface Shot {
  name: string
  size: keyof typeof SIZES
  scheme: 'light' | 'dark'
}

/** The page on a phone and on a desktop, light and dark. */
export const SHOTS: readonly Shot[] = [
  { name: 'desktop-light', size: 'desktop', scheme: 'light' },
  { name: 'desktop-dark', size: 'desktop', scheme: 'dark' },
  { name: 'phone-light', size: 'phone', scheme: 'light' },
  { name: 'phone-dark', size: 'phone', scheme: 'dark' },
]

/** Saves the whole page as a PNG. `look` may look at it before it is closed. */
export async function shoot(
  browser: Browser,
  url: string,
  shot: Shot,
  file: string,
  look?: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await browser.newPage({ viewport: SIZES[shot.size], colorScheme: shot.scheme })
  try {
    await page.goto(url, { timeout: 120_000 })
    await page.screenshot({ path: file, fullPage: true })
    await look?.(page)
  } finally {
    await page.close()
  }
}
