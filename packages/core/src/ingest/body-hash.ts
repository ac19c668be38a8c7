import type { ValidEvent } from './validate.js'

/**
 * 53-bit hash of what the client sent. A retry of an event has the same one, also when the server made its time
 * and ids; another event under the same id has not. Not a secret and not a proof: it only feeds a warning.
 */
export function bodyHash(event: ValidEvent): number {
  return hash53(
    `${event.event_name}\n${event.claimed ?? ''}\n${event.anonymous_id}\n${event.user_id}\n${event.session_id}\n` +
      `${event.url}\n${event.path}\n${event.referrer}\n${event.properties}`,
  )
}

// Two multiplicative hashes of 32 bits, as wide as a number holds exactly; zero means "unknown" elsewhere.
function hash53(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return 0x100000000 * (b & 0x1fffff) + (a >>> 0) || 1
}
