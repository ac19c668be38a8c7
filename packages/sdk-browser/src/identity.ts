export const ANONYMOUS_ID = 'mm_aid'
export const USER_ID = 'mm_uid'
export const OPTED_OUT = 'mm_optout'

// What the server refuses as an id, `ILLEGAL_IDS` of its limits; a test compares them.
const ILLEGAL = /^(null|undefined|nan|none|nil|\[object object]|0{8}-[0-]+)?$/i

// Takes over where storage is blocked, full or private: the id then lives as long as the page.
const memory: Record<string, string | undefined> = {}

export function recall(key: string): string | undefined {
  try {
    // Storage first: another tab may have changed it since.
    return localStorage.getItem(key) ?? memory[key]
  } catch {
    return memory[key]
  }
}

/** Keeps a value; without one, forgets it. */
export function remember(key: string, value?: string): void {
  memory[key] = value
  try {
    // Removing works on a full disk and writing does not: an old id must not outlive its replacement.
    localStorage.removeItem(key)
    if (value) localStorage.setItem(key, value)
    memory[key] = undefined
  } catch {}
}

/** A random UUID. `crypto.randomUUID` is missing on pages without HTTPS, so it is not used. */
export function uuid(): string {
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (+digit ^ ((crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) & (15 >> (+digit / 4)))).toString(16),
  )
}

/** False for what is a bug of the page and no person, such as `identify(String(user?.id))`. */
export function isUsable(id: string, longest: number): boolean {
  return id.length <= longest && !ILLEGAL.test(id.trim())
}

/** Id of this browser; made on first use. */
export function anonymousId(): string {
  if (!recall(ANONYMOUS_ID)) remember(ANONYMOUS_ID, uuid())
  return recall(ANONYMOUS_ID) ?? ''
}
