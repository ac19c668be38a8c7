import { readFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { listFiles } from './imports.js'

const FORBIDDEN = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'types', 'constants'])
const SOFT_LINES = 300
const HARD_LINES = 500
/** First line of a file that is data and may be as long as its data; code does not get it. */
const DATA_MARK = /^\/\/ Data table: .+/

/** Names that say nothing about what is inside. */
export function checkNames(root: string, folders: readonly string[]): string[] {
  return sources(root, folders).flatMap((file) => {
    const words = relative(root, file).split('/')
    const bad = words.filter((word) => FORBIDDEN.has(word.replace(/\.[a-z]+$/, '')))
    return bad.length > 0
      ? [`${relative(root, file)}: "${bad.join(', ')}" says nothing, name it after what it holds`]
      : []
  })
}

export function checkSizes(
  root: string,
  folders: readonly string[],
): { problems: string[]; notes: string[] } {
  const problems: string[] = []
  const notes: string[] = []
  for (const file of sources(root, folders)) {
    const text = readFileSync(file, 'utf8')
    const lines = text.split('\n').length - 1
    if (lines <= SOFT_LINES || DATA_MARK.test(text)) continue
    const line = `${relative(root, file)}: ${lines} lines`
    if (lines > HARD_LINES) problems.push(`${line}, more than ${HARD_LINES}`)
    else notes.push(line)
  }
  return { problems, notes }
}

function sources(root: string, folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => listFiles(folder, ['.ts', '.tsx', '.mjs', '.js']))
    .filter(
      (file) =>
        !/\/(node_modules|dist|\.next)\//.test(relative(root, file)) && basename(file) !== 'next-env.d.ts',
    )
}
