import { PRIVATE_SUFFIXES, SECOND_LEVEL } from './tables/suffixes.js'

/**
 * The registrable domain of a host (`shop.example.co.uk` → `example.co.uk`), or null for a bare suffix.
 * Works from the common shapes of public suffixes and the private ones that hosting services use, not from
 * the full Public Suffix List: plug that in with the `registrable` option where every corner counts.
 */
export function registrable(host: string): string | null {
  const last = host.lastIndexOf('.')
  if (last <= 0 || host.charCodeAt(0) === 46) return null
  suffixes ??= new Set(PRIVATE_SUFFIXES.trim().split(/\s+/))
  seconds ??= new Set(SECOND_LEVEL.trim().split(/\s+/))
  const second = host.lastIndexOf('.', last - 1)
  const tld = host.slice(last + 1)
  const label = host.slice(second + 1, last)
  const national = tld.length === 2 && seconds.has(label)
  if (national || suffixes.has(`${label}.${tld}`)) return below(host, second)
  // Suffixes of three labels (`s3.amazonaws.com` and the like) are private ones only.
  const third = second < 0 ? -1 : host.lastIndexOf('.', second - 1)
  if (second > 0 && suffixes.has(host.slice(third + 1))) return below(host, third)
  return second < 0 ? host : host.slice(second + 1)
}

/** The one label below a suffix that begins after `dot`, with the suffix; null when there is no label. */
function below(host: string, dot: number): string | null {
  return dot <= 0 ? null : host.slice(host.lastIndexOf('.', dot - 1) + 1)
}

let suffixes: Set<string> | undefined
let seconds: Set<string> | undefined
