import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { withLock } from '../build/lock.js'

const folder = mkdtempSync(join(tmpdir(), 'millimetric-lock-'))

afterAll(() => rmSync(folder, { recursive: true }))

it('lets one in at a time, and frees the lock after a failure', async () => {
  const path = join(folder, 'a/lock')
  let inside = 0
  let most = 0
  const work = async (fails: boolean): Promise<void> => {
    inside += 1
    most = Math.max(most, inside)
    await sleep(20)
    inside -= 1
    if (fails) throw new Error('failed')
  }
  const all = await Promise.allSettled(
    [true, false, true, false].map((fails) => withLock(path, () => work(fails))),
  )
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
  expect([most, existsSync(path)]).toEqual([1, false])
})

it('takes over from an owner that died', async () => {
  const path = join(folder, 'lock')
  writeFileSync(path, '4194304999')
  expect(await withLock(path, async () => 'done')).toBe('done')
})
