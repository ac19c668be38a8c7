import { parseUrl } from '../parse-url.js'
import { invalidField } from './input-field.js'

// Longer than any origin: scheme, a host of 253 characters, a port.
const LONGEST = 270

/** Decides whether the value of an `Origin` header is on a list. */
export type OriginMatcher = (header: string | null) => boolean

/**
 * Compiles a list of allowed origins. Exact entries match byte for byte. A wildcard entry
 * `https://*.example.com` matches hosts with one or more labels in front (`a.example.com`, `a.b.example.com`),
 * same scheme and port, and never `example.com` itself. Entries that {@link validateAllowedOrigin} would refuse
 * match nothing.
 */
export function originMatcher(allowed: readonly string[]): OriginMatcher {
  const valid = allowed.filter((entry) => originProblem(entry) === undefined)
  const exact = new Set(valid.filter((entry) => !entry.includes('*')))
  const wildcards = new Set(valid.filter((entry) => entry.includes('*')))
  return (header) => {
    if (header === null) return false
    // Entries are canonical, so a header equal to one is canonical too.
    if (exact.has(header)) return true
    return wildcards.size > 0 && isBelow(header, wildcards)
  }
}

const compiled = new WeakMap<readonly string[], OriginMatcher>()

/** The matcher of a list that does not change, compiled once for as long as the list lives. */
export function matcherOf(allowed: readonly string[]): OriginMatcher {
  const known = compiled.get(allowed)
  if (known !== undefined) return known
  const made = originMatcher(allowed)
  compiled.set(allowed, made)
  return made
}

/**
 * Returns an entry for a project's allow-list unchanged, or throws `invalid_params`: it must be a canonical
 * http or https origin (lower case, no default port, no path, no trailing dot) or such an origin with `*` as
 * its first label above at least two others (`https://*.example.com`; also `http://*.localhost`).
 */
export function validateAllowedOrigin(entry: string, field = 'allowed_origins'): string {
  const problem = originProblem(entry)
  if (problem !== undefined)
    throw invalidField(field, `${JSON.stringify(String(entry).slice(0, 100))} ${problem}`)
  return entry
}

function originProblem(entry: unknown): string | undefined {
  if (typeof entry !== 'string' || entry.length > LONGEST) return 'is not an origin.'
  if (!/^https?:\/\//.test(entry)) {
    return 'must start with http:// or https:// (for example https://example.com).'
  }
  const stars = entry.split('*').length - 1
  const text = witness(entry)
  if (stars > 1 || (stars === 1 && text === entry)) {
    return 'may hold one "*" only, as the whole first label (https://*.example.com).'
  }
  const url = canonicalOrigin(text)
  if (url === undefined) {
    const parsed = parseUrl(text)?.origin
    const meant = stars === 1 ? parsed?.replace('//wildcard.', '//*.') : parsed
    return meant === undefined || meant === 'null' || meant === entry
      ? 'is not an origin (for example https://example.com).'
      : `is not written as browsers send it; did you mean ${JSON.stringify(meant)}?`
  }
  if (stars === 1) {
    const [, ...suffix] = url.hostname.split('.')
    if (suffix.length < 2 && suffix[0] !== 'localhost') return 'would allow a whole top-level domain.'
  }
  return undefined
}

/** An origin that the wildcard stands for, or the text itself. */
function witness(entry: string): string {
  return entry.replace('//*.', '//wildcard.')
}

/** The URL when the text is exactly the origin that a browser would send for it. */
function canonicalOrigin(text: string): URL | undefined {
  const url = text.length > LONGEST ? undefined : parseUrl(text)
  if (url === undefined) return undefined
  // `new URL` forgives case, full-width letters, user names and default ports: whatever it changed was no origin.
  const labels = url.hostname.split('.')
  return url.origin === text && !labels.includes('') ? url : undefined
}

/**
 * Entries are canonical, so whatever ends in one of their hosts and ports is canonical but for the labels in front of them:
 * those are asked for here, without a `URL` a request. A browser would not send some of them (`xn--` and nothing that it can
 * stand for), and who owns the host below owns those too.
 */
function isBelow(header: string, wildcards: ReadonlySet<string>): boolean {
  if (header.length > LONGEST) return false
  const [, scheme, host] = /^(https?:\/\/)([a-z0-9_-]+(?:\.[a-z0-9_-]+)+(?::\d+)?)$/.exec(header) ?? []
  if (scheme === undefined || host === undefined) return false
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    if (wildcards.has(`${scheme}*${host.slice(dot)}`)) return true
  }
  return false
}
