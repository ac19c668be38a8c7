export interface EventNames {
  /** Whether a key may (still) send this name; notes it when it may. `day` is `YYYY-MM-DD`. */
  admit(keyId: string, name: string, day: string): boolean
}

const KEYS = 500

/**
 * Counts the distinct event names of each key and day, in this process. A public key is public: whoever reads it
 * could otherwise fill the list of events with names of their own.
 */
export function createEventNames(most: number): EventNames {
  let today = ''
  let young = new Map<string, Set<string>>()
  let old = new Map<string, Set<string>>()

  function namesOf(keyId: string): Set<string> {
    const known = young.get(keyId) ?? old.get(keyId) ?? new Set()
    young.set(keyId, known)
    if (young.size >= KEYS) {
      old = young
      young = new Map()
    }
    return known
  }

  return {
    admit(keyId, name, day) {
      if (day !== today) {
        today = day
        young = new Map()
        old = new Map()
      }
      const names = namesOf(keyId)
      if (names.has(name)) return true
      if (names.size >= most) return false
      names.add(name)
      return true
    },
  }
}
