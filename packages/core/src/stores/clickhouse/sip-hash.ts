const encoder = new TextEncoder()
let bytes = new Uint8Array(1024)
let view = new DataView(bytes.buffer)

/**
 * The engine's `sipHash64(text)`, in two halves: SipHash-2-4 of the UTF-8 bytes under a key of zeros. Libraries of this hash
 * make objects of 64-bit numbers in each round, which is dearer than the rounds; an id is hashed on its way to every insert.
 */
export function sipHash64(text: string): { high: number; low: number } {
  const length = encode(text)
  let [v0h, v0l, v1h, v1l] = [0x736f6d65, 0x70736575, 0x646f7261, 0x6e646f6d]
  let [v2h, v2l, v3h, v3l] = [0x6c796765, 0x6e657261, 0x74656462, 0x79746573]
  const words = (length >>> 3) + 1
  for (let word = 0; word < words + 2; word++) {
    const ending = word >= words
    let [low, high] = [0, 0]
    if (!ending) {
      low = view.getInt32(word * 8, true)
      high = view.getInt32(word * 8 + 4, true)
      // The last word ends with the length.
      if (word === words - 1) high |= length << 24
      v3h ^= high
      v3l ^= low
    } else if (word === words) {
      v2l ^= 0xff
    }
    for (let round = 0; round < 2; round++) {
      let sum = (v0l >>> 0) + (v1l >>> 0)
      v0h = (v0h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0
      v0l = sum | 0
      let turned = (v1h << 13) | (v1l >>> 19)
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l
      v1h = turned ^ v0h
      turned = v0h
      v0h = v0l
      v0l = turned
      sum = (v2l >>> 0) + (v3l >>> 0)
      v2h = (v2h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0
      v2l = sum | 0
      turned = (v3h << 16) | (v3l >>> 16)
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l
      v3h = turned ^ v2h
      sum = (v0l >>> 0) + (v3l >>> 0)
      v0h = (v0h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0
      v0l = sum | 0
      turned = (v3h << 21) | (v3l >>> 11)
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l
      v3h = turned ^ v0h
      sum = (v2l >>> 0) + (v1l >>> 0)
      v2h = (v2h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0
      v2l = sum | 0
      turned = (v1h << 17) | (v1l >>> 15)
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l
      v1h = turned ^ v2h
      turned = v2h
      v2h = v2l
      v2l = turned
    }
    if (!ending) {
      v0h ^= high
      v0l ^= low
    }
  }
  return { high: (v0h ^ v1h ^ v2h ^ v3h) >>> 0, low: (v0l ^ v1l ^ v2l ^ v3l) >>> 0 }
}

/** Writes the text down with zeros behind it, up to a whole word; returns its length. */
function encode(text: string): number {
  // Three bytes a unit of UTF-16 at most.
  const room = text.length * 3 + 8
  if (room > bytes.length) {
    bytes = new Uint8Array(room)
    view = new DataView(bytes.buffer)
  }
  const { written } = encoder.encodeInto(text, bytes)
  bytes.fill(0, written, written + 8)
  return written
}
