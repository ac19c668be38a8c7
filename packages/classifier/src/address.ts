/** Where a URL or referrer points. `app` hosts are package names; `none` is everything that is no place. */
export interface Address {
  readonly type: 'web' | 'app' | 'none'
  /** Lower case, ASCII, without port, user info and trailing dot. */
  readonly host: string
  /** Index in the text where the path begins. */
  readonly pathAt: number
}

const NOWHERE: Address = { type: 'none', host: '', pathAt: 0 }

/** Reads a plain host by hand, for `new URL` costs more than everything else here; the rest is left to it. */
export function readAddress(text: string): Address {
  const start = text.startsWith('https://') ? 8 : text.startsWith('http://') ? 7 : -1
  if (start < 0) return readOdd(text)
  const { length } = text
  for (let at = start; at < length; at++) {
    const c = text.charCodeAt(at)
    if ((c > 96 && c < 123) || c === 46 || c === 45 || (c > 47 && c < 58)) continue
    return c === 47 || c === 63 || c === 35 ? plain(text, start, at) : readOdd(text)
  }
  return plain(text, start, length)
}

function plain(text: string, start: number, pathAt: number): Address {
  return text.charCodeAt(pathAt - 1) === 46 || text.startsWith('-app', pathAt - 4)
    ? readOdd(text)
    : named(text.slice(start, pathAt), pathAt)
}

function named(host: string, pathAt: number): Address {
  const isHost = host !== '' && host.length < 254 && host.charCodeAt(0) !== 46 && !host.includes('..')
  return isHost ? { type: 'web', host, pathAt } : NOWHERE
}

const APP = /^(?:https?:\/\/)?(?:android|ios)-app:?\/+([\w.-]+)/i

/** With `hhttp://`, which is a typing error, and `//`. */
const WEB = /^(?:\w?https?:)?\/\/+/i

/** A word alone (`DIRECT`, `not-a-url`) is no host, nor are `about:blank` and `mailto:a@b.example`. */
const SCHEMELESS = /^(?=[^/?#\\]*\.|localhost)[^/?#\\:]+(?::\d+)?(?:[/?#\\]|$)/i

/** Upper case, ports, user names, IDN, escapes, no scheme, a scheme of apps, or no address at all. */
function readOdd(text: string): Address {
  const app = APP.exec(text)
  if (app?.[1] !== undefined) return { type: 'app', host: app[1].toLowerCase(), pathAt: app[0].length }
  const start = WEB.exec(text)?.[0].length ?? (SCHEMELESS.test(text) ? 0 : -1)
  const end = start < 0 ? 0 : text.slice(start).search(/[/?#\\]|$/) + start
  if (end <= start || end - start > 300) return NOWHERE
  try {
    return named(new URL(`http://${text.slice(start, end)}`).hostname.replace(/\.$/, ''), end)
  } catch {
    return NOWHERE
  }
}
