import type { Network } from './channels.js'

/** The product token of an in-app browser in a user agent, or ''. */
export function readAgent(text: string, names: ReadonlyMap<string, Network>): string {
  // What comes before is the same in every browser.
  const engine = text.indexOf('like Gecko)')
  let at = engine < 0 ? 0 : engine + 11
  while (at < text.length) {
    let next = text.indexOf(' ', at)
    if (next < 0) next = text.length
    if (text.charCodeAt(at) === 91) at++
    let to = at
    while (to < next && isWord(text.charCodeAt(to))) to++
    if (to > at && names.has(text.slice(at, to))) return text.slice(at, to)
    at = next + 1
  }
  return ''
}

function isWord(c: number): boolean {
  return (c > 64 && c < 91) || (c > 96 && c < 123) || c === 95
}
