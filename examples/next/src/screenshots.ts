import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { boot, buildApp, freeUrl, seed } from '../test/app.js'
import { ARGS, CHROMIUM, SHOTS, type Shot, shoot } from './shots.js'

const EMPTY: Shot = { name: 'empty', size: 'desktop', scheme: 'light' }

/** Makes the pictures of the README again: builds the app, and looks at it in Chromium, empty and seeded. */
const folder = mkdtempSync(join(tmpdir(), 'millimetric-screenshots-'))
const target = fileURLToPath(new URL('../screenshots', import.meta.url))

async function save(shots: readonly Shot[]): Promise<void> {
  const url = await freeUrl()
  const server = await boot(folder, url)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS })
  try {
    for (const shot of shots) await shoot(browser, `${url}/dashboard`, shot, join(target, `${shot.name}.png`))
  } finally {
    await browser.close()
    await server.stop()
  }
}

await buildApp()
await save([EMPTY])
await seed(folder)
await save(SHOTS)
rmSync(folder, { recursive: true, force: true })
