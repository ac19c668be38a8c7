/**
 * Where the country comes from. `header` names the header of a CDN in front of the host that sets it itself
 * (`cf-ipcountry`, `x-vercel-ip-country`, `cloudfront-viewer-country`); `lookup` maps an address, for example
 * the reader of an mmdb file: `{ lookup: (ip) => reader.get(ip)?.country?.iso_code }`.
 */
export type CountryOption = { header: string } | { lookup: (ip: string) => string | null | undefined }

/** ISO 3166 code of two capital letters, or empty. Never throws. */
export function resolveCountry(
  option: CountryOption | undefined,
  headers: Headers | undefined,
  ip: string,
): string {
  if (option === undefined) return ''
  try {
    const found = 'header' in option ? headers?.get(option.header) : ip === '' ? undefined : option.lookup(ip)
    const code = (found ?? '').trim().toUpperCase()
    // Cloudflare sends XX for unknown and T1 for Tor.
    return /^[A-Z]{2}$/.test(code) && code !== 'XX' ? code : ''
  } catch {
    return ''
  }
}
