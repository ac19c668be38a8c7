import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'millimetric-kills-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const ROWS = 400

/** What one process of `crash-seed.ts` printed until it died or ended. */
interface Run {
  killed: boolean
  found: Record<string, number>
  completed: Record<string, number> | undefined
  /** How many rows of each batch were stored now; the others were duplicates. */
  stored: number[]
  /** States of the tables with what readers were told in them. */
  states: { tables: Record<string, number>; counted: Record<string, number> }[]
}

function seed(...args: string[]): Run {
  const { stdout, stderr, signal, status } = spawnSync(
    process.execPath,
    ['--conditions=@millimetric/source', '--import', 'tsx', 'crash-seed.ts', '--path', root, ...args],
    { cwd: import.meta.dirname, encoding: 'utf8' },
  )
  if (signal === null && status !== 0) throw new Error(stderr)
  const run: Run = {
    killed: signal === 'SIGKILL',
    found: {},
    completed: undefined,
    stored: [],
    states: [],
  }
  for (const line of stdout.split('\n').filter((text) => text.endsWith('}'))) {
    const said = JSON.parse(line)
    if (said.found !== undefined) run.found = said.found
    if (said.completed !== undefined) run.completed = said.completed
    if (said.counted !== undefined)
      run.states.push({ tables: said.completed ?? said.stored, counted: said.counted })
    if (said.batch !== undefined) run.stored.push(said.stored)
    expect(said).not.toHaveProperty('kind')
  }
  return run
}

/** Every table has each of the stored events once, and every reader counts it once. */
function expectWhole({ states }: Run): void {
  for (const { tables, counted } of states) {
    const { events = 0, quarters = 0 } = tables
    const visits = events / 4
    expect(tables).toEqual({
      events,
      distinct: events,
      event_ids: events,
      unknown_ids: 0,
      sessions: events,
      identity_links: visits,
      // Only a built day needs the mark of an insert, and one that lacks it is found by what it counts.
      marks: expect.any(Number),
      quarters,
    })
    expect(counted).toEqual({
      count: events,
      uniques: visits,
      people: visits,
      sessions: visits,
      pageviews: visits * 3,
    })
  }
}

test('a process that is killed between the tables of an insert: what is sent again counts once', () => {
  const kills = [
    // One of two months of the events, and nothing of what is computed from them.
    ['--table', 'events'],
    ['--table', 'events', '--parts', '2'],
    // While the next start completes that.
    ['--starting', '--table', 'event_ids'],
    ['--table', 'event_ids'],
    ['--table', 'identity_links'],
    ['--table', 'marks'],
  ]
  let batches = 0
  const found: Record<string, number>[] = []
  for (const kill of kills) {
    const starting = kill.includes('--starting')
    const acknowledged = Math.max(batches - 1, 0)
    if (!starting) batches += 1
    const run = seed('--batches', String(batches), ...kill)
    // A kill that came late left nothing to complete.
    const whole = run.found.event_ids === run.found.events
    expect(run.killed || (starting && whole)).toBe(true)
    found.push(run.found)
    // Nothing that was acknowledged is lost, and nothing is taken for stored that is not.
    expect(run.found.events).toBeGreaterThanOrEqual(acknowledged * ROWS)
    expect(run.found.unknown_ids).toBe(0)
    expectWhole(run)
    expect(run.stored.slice(0, acknowledged)).toEqual(run.stored.slice(0, acknowledged).map(() => 0))
  }
  const last = seed('--batches', String(batches + 1))
  expectWhole(last)
  expect(last.states.at(-1)?.counted.count).toBe((batches + 1) * ROWS)
  expect(last.stored.slice(0, -2)).toEqual(Array(batches - 1).fill(0))
  // The kills did cut: they left events without their ids, or the test shows nothing.
  const cut = found.filter(({ events = 0, event_ids = 0 }) => event_ids < events)
  expect(cut.length).toBeGreaterThan(0)
}, 180_000)
