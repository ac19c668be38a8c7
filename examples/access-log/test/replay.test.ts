import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FULL } from '../../../scripts/test-run/measure.js'
import { startedBefore } from '../../../scripts/test-run/prepared-keys.js'
import type { LogReport } from '../src/report.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const program = resolve(here, '../src/replay.ts')
const sharedLog = resolve(here, '../../../../shared/data/access-log/access.log')
const root = mkdtempSync(join(tmpdir(), 'millimetric-replay-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

function replay(dataDir: string, cwd: string, ...args: string[]): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      env: { ...process.env, DATA_DIR: join(root, dataDir), INIT_CWD: cwd },
      cwd: resolve(here, '..'),
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.on('error', fail)
    child.on('close', (code) => done({ code, stdout, stderr }))
  })
}

async function report(dataDir: string, cwd: string, file: string): Promise<LogReport & { stderr: string }> {
  const { code, stdout, stderr } = await replay(dataDir, cwd, file, '--json')
  expect(stderr).not.toContain('refused')
  expect(code).toBe(0)
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  const parsed: LogReport = JSON.parse(stdout)
  return { ...parsed, stderr }
}

describe.runIf(FULL)('replay of a small log', () => {
  const fixtures = join(here, 'fixtures')
  beforeAll(async () => await startedBefore(join(root, 'small')))

  it('counts each day in UTC, crawlers and torn lines included, and twice is once', async () => {
    const first = await report('small', fixtures, 'small.log.txt')
    expect(first.stderr).toContain('8 valid requests, 1 failed (line 8)')
    expect(first.stderr).toContain('8 new, 0 known')
    expect(first.days).toEqual([
      { day: '2024-03-10', hits: 2, visitors: 2 },
      { day: '2024-03-11', hits: 6, visitors: 5 },
    ])
    expect(first.pages[0]).toEqual({ path: '/pricing', hits: 3 })
    expect(first.sources).toContainEqual({ source: 'newsletter', medium: 'email', hits: 2, visitors: 1 })
    expect(first.sources).toContainEqual({ source: 'google', medium: 'organic', hits: 1, visitors: 1 })

    const { stderr, ...second } = await report('small', fixtures, 'small.log.txt')
    expect(stderr).toContain('0 new, 8 known')
    expect(second).toEqual({ days: first.days, sources: first.sources, pages: first.pages })
  })

  it('prints tables without --json', async () => {
    const { stdout, code } = await replay('small', fixtures, 'small.log.txt')
    expect(code).toBe(0)
    expect(stdout).toMatch(/2024-03-11 +6 +5\n/)
  })

  it.each([
    [['missing.log'], /ENOENT.*missing\.log/],
    [[], /^Usage: npm run replay/],
    [['small.log.txt', '--wrong'], /--wrong/],
    [['../combined-log.test.ts'], /has no line in the combined log format/],
  ])('says in a sentence what is wrong with %j', async (args, message) => {
    const { code, stdout, stderr } = await replay('wrong', fixtures, ...args)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

const shared = existsSync(sharedLog)
if (!shared) console.warn(`SKIPPED: no ${sharedLog}; the real access log is not replayed`)

describe.skipIf(!shared)('replay of the shared access log', () => {
  it('gives the hits and visitors that an independent analyser counts, and again the second time', async () => {
    await startedBefore(join(root, 'shared'))
    const first = await report('shared', here, sharedLog)
    expect(first.stderr).toContain('10000 valid requests, 0 failed')
    expect(first.days).toEqual([
      { day: '2015-05-17', hits: 1632, visitors: 365 },
      { day: '2015-05-18', hits: 2893, visitors: 660 },
      { day: '2015-05-19', hits: 2896, visitors: 586 },
      { day: '2015-05-20', hits: 2579, visitors: 533 },
    ])
    const { stderr, ...second } = await report('shared', here, sharedLog)
    expect(stderr).toContain('0 new, 10000 known')
    expect(second).toEqual({ days: first.days, sources: first.sources, pages: first.pages })
  })
})
