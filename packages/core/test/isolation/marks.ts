import type { Tenant } from './tenants.js'

/** What must never be shown to anybody but the tenant: its canary, what it wrote here, its ids and secrets. */
export function marksOf({
  canary,
  name,
  id,
  jobIds,
  keyIds,
  accountKeyIds,
  keys,
}: Tenant): readonly string[] {
  const ids = [id, ...jobIds, ...keyIds, ...accountKeyIds, ...Object.values(keys)]
  return [canary, `by-${name}`, ...ids].map((text) => text.toLowerCase())
}

/**
 * Marks of a tenant in what came back, beyond what was sent: an error may name the value that it is about, but not the
 * rest of a text that began like it.
 */
export function foundMarks(back: string, sent: string, tenant: Tenant): string[] {
  const text = readable(back)
  const own = sent.toLowerCase()
  return marksOf(tenant).flatMap((mark) => {
    const found: string[] = []
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) {
      const whole = /^[^"'\\\s,<>&;?#(){}[\]]*/.exec(text.slice(at, at + 200))?.[0] ?? mark
      // A sentence may end with it.
      if (!own.includes(whole.replace(/[.:]+$/, ''))) found.push(whole)
    }
    return found
  })
}

/** In small letters, with what cursors and tokens carry inside. */
function readable(text: string): string {
  const packed = [...text.matchAll(/"(?:next_cursor|token)":"([^"]+)"/g)]
    .flatMap(([, inner = '']) => inner.split('.'))
    .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
  return [text, ...packed].join(' ').toLowerCase()
}
