import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const ROOT = new URL('../../../../', import.meta.url)

async function sources(folder: string): Promise<string> {
  const files = await readdir(new URL(folder, ROOT), { recursive: true })
  const texts = files
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => await readFile(new URL(`${folder}/${file}`, ROOT), 'utf8'))
  return (await Promise.all(texts)).join('\n')
}

test('every cell of the comparison names a test that exists', async () => {
  const document = await readFile(new URL('docs/compared.md', ROOT), 'utf8')
  const tests = (await sources('packages/core/test')) + (await sources('packages/core/src/testing'))
  const rows = document.split('\n').filter((line) => /^\| (?!---)[^|]+\| ✓/.test(line))
  expect(rows.length).toBeGreaterThan(30)
  const unproven = rows.filter((row) => {
    const proof = row.split('|')[3] ?? ''
    const name = /`(.+)`/.exec(proof)?.[1]
    return name === undefined || !tests.includes(`'${name}'`)
  })
  expect(unproven).toEqual([])
})
