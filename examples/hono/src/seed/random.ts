/** A deterministic stream of random choices. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** Whole number in [min, max]. */
  between(min: number, max: number): number
  /** True with probability `p`. */
  chance(p: number): boolean
  pick<T>(items: readonly [T, ...T[]]): T
  /** Lower-case hex digits. */
  hex(digits: number): string
}

/** The stream of a seed and a lane: lanes are independent of each other (mulberry32 over a mixed seed). */
export function random(seed: number, lane: number): Random {
  let state = mix(Math.imul(seed, 0x9e3779b1) ^ mix(lane + 0x7f4a7c15))
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    return mix(state) / 0x1_0000_0000
  }
  return {
    next,
    between: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (p) => next() < p,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    hex(digits) {
      let text = ''
      while (text.length < digits)
        text += Math.floor(next() * 0x1000_0000)
          .toString(16)
          .padStart(7, '0')
      return text.slice(0, digits)
    },
  }
}

function mix(value: number): number {
  let t = value >>> 0
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return (t ^ (t >>> 14)) >>> 0
}

/** Draws by weight: `[item, weight]` pairs, any positive weights. */
export function weighted<T>(
  pairs: readonly [readonly [T, number], ...(readonly [T, number])[]],
): (r: Random) => T {
  const total = pairs.reduce((sum, [, weight]) => sum + weight, 0)
  return (r) => {
    let left = r.next() * total
    for (const [item, weight] of pairs) {
      left -= weight
      if (left < 0) return item
    }
    return pairs[0][0]
  }
}
