// Of a hundred thousand hashes that were not added two are taken for added, while there is room.
const BITS_PER_HASH = 24
const PROBES = 10
const FIRST_CAPACITY = 65_536
const MAX_BYTES = 64 * 2 ** 20

/** Hashes the filter has room for; with more it takes ever more for added that were not. */
export const FILTER_ROOM: number = (MAX_BYTES * 8) / BITS_PER_HASH

/** A Bloom filter of 64-bit hashes that grows: never says no of one that was added. 3 bytes a hash when full, 64 MiB at most. */
export interface HashFilter {
  add(high: number, low: number): void
  mayHold(high: number, low: number): boolean
  /** Makes room for so many more at once: one layer is asked in less time than many. */
  reserve(hashes: number): void
}

interface Layer {
  readonly bits: Uint32Array
  readonly capacity: number
  held: number
}

export function createHashFilter(): HashFilter {
  const layers: Layer[] = []
  let bytes = 0
  let newest = grow(FIRST_CAPACITY)

  function grow(capacity: number): Layer {
    const layer = { bits: new Uint32Array(Math.ceil((capacity * BITS_PER_HASH) / 32)), capacity, held: 0 }
    bytes += layer.bits.byteLength
    layers.unshift(layer)
    return layer
  }

  function reserve(hashes: number): void {
    const wanted = Math.max(hashes, newest.capacity * 2)
    const capacity = Math.min(wanted, Math.floor(((MAX_BYTES - bytes) * 8) / BITS_PER_HASH))
    if (capacity >= FIRST_CAPACITY) newest = grow(capacity)
  }

  function mayHold(high: number, low: number): boolean {
    return layers.some(({ bits }) => holds(bits, high, low))
  }

  return {
    mayHold,
    reserve,
    add(high, low) {
      if (mayHold(high, low)) return
      if (newest.held >= newest.capacity) reserve(0)
      newest.held += 1
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = bitOf(newest.bits, high, low, probe)
        newest.bits[bit >>> 5] = (newest.bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
      }
    },
  }
}

function holds(bits: Uint32Array, high: number, low: number): boolean {
  for (let probe = 0; probe < PROBES; probe++) {
    const bit = bitOf(bits, high, low, probe)
    if (((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false
  }
  return true
}

/** Both halves are hashes, so steps of one from the other are as good as hashes of their own. */
function bitOf(bits: Uint32Array, high: number, low: number, probe: number): number {
  const hash = (low + Math.imul(probe, high | 1)) >>> 0
  return Math.floor((hash / 2 ** 32) * bits.length * 32)
}
