/**
 * Address of the client. With `trustedProxies` n it is the n-th entry from the right of X-Forwarded-For (the
 * address that the outermost trusted proxy saw; entries further left are the client's own claim). Otherwise it
 * is the peer address the adapter knows. Empty when unknown; never a guess.
 */
export function clientAddress(headers: Headers, peer: string | undefined, trustedProxies: number): string {
  if (trustedProxies === 0) return normalizeAddress(peer ?? '')
  const hops = (headers.get('x-forwarded-for') ?? '').split(',')
  return normalizeAddress(hops[hops.length - trustedProxies] ?? '')
}

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/

/** One spelling per address: no port, brackets, zone or `::ffff:`; lower case; empty for anything else. */
export function normalizeAddress(text: string): string {
  let address = text.trim().toLowerCase()
  if (address.length > 64) return ''
  if (address.startsWith('[')) address = address.slice(1, address.indexOf(']'))
  else if (/^[\d.]+:\d+$/.test(address)) address = address.slice(0, address.indexOf(':'))
  const zone = address.indexOf('%')
  if (zone !== -1) address = address.slice(0, zone)
  if (address.startsWith('::ffff:') && V4.test(address.slice(7))) return address.slice(7)
  if (V4.test(address)) return address
  return isV6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : ''
}

function isV6(address: string): boolean {
  return address.includes(':') && /^[\da-f:.]+$/.test(address) && URL.canParse(`http://[${address}]`)
}
