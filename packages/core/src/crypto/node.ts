import * as nodeCrypto from 'node:crypto'

/** Lower-case hex of SHA-256 over the UTF-8 bytes of `text`. */
export function sha256Hex(text: string): string | Promise<string> {
  // The one-shot form is twice as fast, but some runtimes with node:crypto do not have it.
  return typeof nodeCrypto.hash === 'function'
    ? nodeCrypto.hash('sha256', text)
    : nodeCrypto.createHash('sha256').update(text).digest('hex')
}

/**
 * Lower-case hex of HMAC-SHA-256 over the UTF-8 bytes of `text`. Throws a TypeError unless `keyHex` is hex of
 * at least one byte.
 */
export function hmacSha256Hex(keyHex: string, text: string): string | Promise<string> {
  // Buffer.from stops silently at the first bad digit, which would make a weak key.
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(keyHex)) throw new TypeError('The HMAC key must be hex of whole bytes.')
  return nodeCrypto.createHmac('sha256', Buffer.from(keyHex, 'hex')).update(text).digest('hex')
}

/** Whether two hex texts are equal, in a time that depends on their lengths only. */
export function constantTimeEqualHex(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && nodeCrypto.timingSafeEqual(left, right)
}

/** Lower-case hex of that many random bytes. */
export function randomHex(bytes: number): string {
  return nodeCrypto.randomBytes(bytes).toString('hex')
}

/** Unpadded base64url of that many random bytes. */
export function randomBase64Url(bytes: number): string {
  return nodeCrypto.randomBytes(bytes).toString('base64url')
}

/** A random UUID (version 4), lower case. */
export function randomUuid(): string {
  return nodeCrypto.randomUUID()
}
