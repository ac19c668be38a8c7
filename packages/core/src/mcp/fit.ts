import { type Answer, isObject } from './clean.js'

/** A list that is shown in part. */
export interface Cut {
  list: string
  shown: number
  of: number
}

export interface Fitted {
  answer: Answer
  cut: readonly Cut[]
}

/** Shortens the longest lists of an answer until it weighs no more than `most`. */
export function fit(answer: Answer, weigh: (answer: Answer) => number, most: number): Fitted {
  let shown = answer
  for (let weight = weigh(shown); weight > most; weight = weigh(shown)) {
    const [name, list] = longestList(shown)
    if (list.length === 0) break
    // A little less than what would fit on average; each turn takes at least one.
    const keep = Math.min(list.length - 1, Math.floor(list.length * (most / weight) * 0.95))
    shown = { ...shown, [name]: list.slice(0, keep) }
  }
  const cut = listsOf(answer).flatMap(([list, { length: of }]) => {
    const kept = shown[list]
    const length = Array.isArray(kept) ? kept.length : 0
    return length < of ? [{ list, shown: length, of }] : []
  })
  return { answer: shown, cut }
}

function longestList(answer: Answer): [name: string, list: readonly unknown[]] {
  let longest: [string, readonly unknown[]] = ['', []]
  let most = 0
  for (const [name, list] of listsOf(answer)) {
    const length = list.length === 0 ? 0 : JSON.stringify(list).length
    if (length > most) [longest, most] = [[name, list], length]
  }
  return longest
}

/** Lists of rows; the others are ours and short. */
function listsOf(answer: Answer): [name: string, list: readonly unknown[]][] {
  return Object.entries(answer).flatMap(([name, value]): [string, readonly unknown[]][] =>
    Array.isArray(value) && value.every(isObject) ? [[name, value]] : [],
  )
}
