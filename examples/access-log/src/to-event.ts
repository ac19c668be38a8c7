import { createHash } from 'node:crypto'
import type { TrackEvent } from '@millimetric/schema/wire'
import type { LogLine } from './combined-log.js'

/** Name of the event that a request becomes: a hit may be an image, so it is no `$pageview`. */
export const HIT = 'request'

const LONGEST = 2048

/**
 * The event of a log line. A visitor is an address with a user agent; the id is made of the line and its
 * number, so that replaying the file again adds nothing and two equal lines are two hits.
 */
export function toEvent(line: LogLine, text: string, number: number, site: string | undefined): TrackEvent {
  const { method, status, bytes } = line
  const event: TrackEvent = {
    event: HIT,
    event_id: digest(`${number}\n${text}`),
    timestamp: line.time,
    anonymous_id: digest(`${line.host}\n${line.userAgent}`),
    properties: { method, status, bytes },
    ip: line.host,
    user_agent: line.userAgent,
  }
  if (line.target.startsWith('/')) {
    event.path = (line.target.split('?')[0] ?? '').slice(0, LONGEST)
    const url = `${site}${line.target}`
    if (site !== undefined && url.length <= LONGEST && parseUrl(url) !== undefined) event.url = url
  }
  if (line.referrer !== '') event.referrer = line.referrer.slice(0, LONGEST)
  return event
}

// Not by `URL.canParse`: once Node 20 has optimised it, it says no to every address with a letter such as "ö" in it.
function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/** A log does not say whose it is; most links into a site's files come from its own pages. */
export class SiteGuess {
  readonly #hosts = new Map<string, number>()
  #referred = 0

  add(referrer: string): void {
    const host = parseUrl(referrer)?.host
    if (host === undefined) return
    this.#referred += 1
    this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1)
  }

  /** Origin of the likely site; undefined when no host sends at least a quarter of the referred requests. */
  site(): string | undefined {
    const [best] = [...this.#hosts].sort(([, a], [, b]) => b - a)
    return best && best[1] >= this.#referred / 4 ? `https://${best[0]}` : undefined
  }
}
