import { benchDedup } from './counting/dedup.js'
import { benchResends } from './counting/resends.js'
import { benchRollup } from './counting/rollup.js'
import { benchSessions } from './counting/sessions.js'
import { withEngine } from './measure/engine.js'

/**
 * `npm run bench -- counting [resends|dedup|sessions|rollup] [rows]`; all four by default, at the sizes of the figures.
 */
export async function run([which, size]: string[]): Promise<void> {
  const wanted = (name: string): boolean => which === undefined || which === name
  await withEngine(async (engine, path) => {
    if (wanted('resends')) await benchResends(path, Number(size ?? 1_000_000))
    if (wanted('dedup')) await benchDedup(engine, path, Number(size ?? 10_000_000))
    if (wanted('sessions')) await benchSessions(engine, path, Number(size ?? 6_000_000))
    if (wanted('rollup')) await benchRollup(engine, path, Number(size ?? 10_000_000))
  })
}
