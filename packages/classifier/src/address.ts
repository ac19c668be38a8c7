/** Where a URL or referrer points. `app` hosts are package names; `none` is everything that is no place. */
export interface Address {
  readonly type: 'web' | 'app' | 'none'
  /** Lower case, ASCII (punycode), without port, user info and trailing dot. */
  readonly host: string
  /** Index in the text where the path begins. */
  readonly pathAt: number
}

const NOWHERE: Address = { type: 'none', host: '', pathAt: 0 }

const MAX_HOST = 253

/** Reads the host of a URL by hand: `new URL` costs more than everything else here together. */
export function readAddress(text: string): Address {
  let at = authorityStart(text)
  if (at === APP) return readApp(text)
  if (at < 0) return NOWHERE
  const length = text.length
  let start = at
  let port = -1
  let upper = false
  let odd = false
  for (; at < length; at++) {
    const c = text.charCodeAt(at)
    if ((c > 96 && c < 123) || c === 46 || c === 45 || (c > 47 && c < 58)) continue
    if (c === 47 || c === 63 || c === 35 || c === 92) break
    if (c > 64 && c < 91) upper = true
    else if (c === 64) {
      // What came before the `@` was a user name and a password.
      start = at + 1
      port = -1
      upper = false
      odd = false
    } else if (c === 58) {
      if (port < 0) port = at
    } else odd = true
  }
  let end = port < 0 ? at : port
  // An IPv6 address is full of colons: they are no ports.
  if (text.charCodeAt(start) === 91) end = text.indexOf(']', start) + 1
  if (end > start && text.charCodeAt(end - 1) === 46) end--
  if (end <= start || end - start > MAX_HOST) return NOWHERE
  let host = text.slice(start, end)
  if (upper) host = host.toLowerCase()
  if (odd) host = tidyHost(host)
  if (host.charCodeAt(0) === 46 || host === '' || host.includes('..')) return NOWHERE
  if (host === 'android-app' || host === 'ios-app') return readApp(text)
  return { type: 'web', host, pathAt: at }
}

/** Answer of `authorityStart` for app referrers, which have no authority. */
const APP = -2

/** Index where the host begins; -1 when the text is no web address; APP for `android-app:` and `ios-app:`. */
function authorityStart(text: string): number {
  if (text.startsWith('https://')) return 8
  if (text.startsWith('http://')) return 7
  if (text.startsWith('//')) return 2
  const colon = text.indexOf(':')
  const stop = text.search(/[/?#\\]/)
  if (colon > 0 && (stop < 0 || colon < stop)) {
    const scheme = text.slice(0, colon).toLowerCase()
    if (text.startsWith('//', colon + 1)) {
      if (scheme === 'android-app' || scheme === 'ios-app') return APP
      // `hhttp://` and the like are typing errors of web links; other schemes lead nowhere on the web.
      return scheme.endsWith('http') || scheme.endsWith('https') ? colon + 3 : -1
    }
    const next = text.charCodeAt(colon + 1)
    if (!(next > 47 && next < 58)) return -1
  }
  // Schemeless: a word alone ("DIRECT", "not-a-url") is no host.
  const head = text.slice(0, stop < 0 ? undefined : stop)
  return head.includes('.') || /^localhost(:|$)/i.test(head) ? 0 : -1
}

/** `android-app://package[/scheme/host]`, also with the colon or the slashes lost on the way. */
function readApp(text: string): Address {
  const match = /(?:android|ios)-app:?\/\/?\/?([\w.-]+)/i.exec(text)
  const name = match?.[1]
  if (match === null || name === undefined) return NOWHERE
  return { type: 'app', host: name.toLowerCase(), pathAt: match.index + match[0].length }
}

/** Percent escapes, non-ASCII letters and IPv6 in a host, as the platform reads them; empty when it cannot be one. */
function tidyHost(host: string): string {
  try {
    return new URL(`http://${host}`).hostname
  } catch {
    return ''
  }
}
