/** Host in its ASCII form (RFC 3492), label by label. Lower-cases and folds width; validates nothing. */
export function toAscii(host: string): string {
  return host
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u3002\uff0e\uff61]/g, '.')
    .split('.')
    .map((label) => (/^[\0-\x7f]*$/.test(label) ? label : `xn--${encode(label)}`))
    .join('.')
}

function encode(label: string): string {
  const points = Array.from(label, (char) => char.codePointAt(0) ?? 0)
  const basic = points.filter((point) => point < 128)
  let output = basic.map((point) => String.fromCharCode(point)).join('')
  let handled = basic.length
  if (handled > 0) output += '-'
  let n = 128
  let delta = 0
  let bias = 72
  let first = true
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= n))
    delta += (next - n) * (handled + 1)
    n = next
    for (const point of points) {
      if (point < n) delta++
      if (point !== n) continue
      output += variableLength(delta, bias)
      bias = adapt(delta, handled + 1, first)
      first = false
      delta = 0
      handled++
    }
    delta++
    n++
  }
  return output
}

function variableLength(delta: number, bias: number): string {
  let digits = ''
  let q = delta
  for (let k = 36; ; k += 36) {
    const t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias
    if (q < t) return digits + digit(q)
    digits += digit(t + ((q - t) % (36 - t)))
    q = Math.floor((q - t) / (36 - t))
  }
}

function digit(value: number): string {
  return String.fromCharCode(value < 26 ? value + 97 : value + 22)
}

function adapt(delta: number, count: number, first: boolean): number {
  let rest = first ? Math.floor(delta / 700) : delta >> 1
  rest += Math.floor(rest / count)
  let k = 0
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35)
  return k + Math.floor((36 * rest) / (rest + 38))
}
