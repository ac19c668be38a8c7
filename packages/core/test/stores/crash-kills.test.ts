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

/** The tables differ: an insert did end between two of them. */
function isCut({
  events = 0,
  event_ids = 0,
  identity_links = 0,
  marks = 0,
  quarters = 0,
}: Run['found']): boolean {
  return event_ids < events || identity_links < events / 4 || marks < quarters
}

/** Where processes die, each by itself, or while it completes what the one before it left. */
const KILLS: readonly (readonly string[])[][] = [
  // One of two months of the events, and nothing of what is computed from them.
  [['--table', 'events']],
  [['--table', 'events', '--parts', '2']],
  [
    ['--table', 'events', '--parts', '2'],
    ['--starting', '--table', 'event_ids'],
  ],
  [['--table', 'event_ids']],
  [['--table', 'identity_links']],
]
// A kill may come a moment late; then it is tried again.
const TRIES = 6

test('a process that is killed between the tables of an insert: what is sent again counts once', () => {
  let batches = 0
  /** Runs one process, and says what it found. */
  function run(...kill: string[]): Run['found'] {
    const starting = kill.includes('--starting')
    const acknowledged = Math.max(batches - 1, 0)
    if (!starting) batches += 1
    const said = seed('--batches', String(batches), ...kill)
    expect(said.killed || kill.length === 0 || (starting && !isCut(said.found))).toBe(true)
    // Nothing that was acknowledged is lost, and nothing is taken for stored that is not.
    expect(said.found.events).toBeGreaterThanOrEqual(acknowledged * ROWS)
    expect(said.found.unknown_ids).toBe(0)
    expectWhole(said)
    expect(said.stored.slice(0, acknowledged)).toEqual(said.stored.slice(0, acknowledged).map(() => 0))
    return said.found
  }

  const waiting = KILLS.map((kills) => ({ kills, tries: 0 }))
  let before: (typeof waiting)[number] | undefined
  do {
    const next = waiting.shift()
    // What the first of them finds is what those before it left.
    const [found = {}] = (next?.kills ?? [[]]).map((kill) => run(...kill))
    if (before !== undefined && !isCut(found)) {
      before.tries += 1
      expect(before.tries, `no kill did cut: ${before.kills.join(' ')}`).toBeLessThan(TRIES)
      waiting.push(before)
    }
    before = next
  } while (before !== undefined || waiting.length > 0)
}, 240_000)
