/**
 * refuse: the socket is cut before the statement runs. cut_ack: it runs, then the socket is cut (a lost answer).
 * hang / hang_ack: no answer until the client leaves, without / after running it. error: a refusal with this code.
 */
export type FaultMode = 'refuse' | 'cut_ack' | 'hang' | 'hang_ack' | 'error'

export interface Fault {
  mode: FaultMode
  /** How many statements it hits; 1 when absent. */
  times?: number
  /** Only statements whose text contains this; `/ping` for the ping. */
  match?: string
  /** For `error`: 503, code 202 TOO_MANY_SIMULTANEOUS_QUERIES unless told otherwise. */
  status?: number
  code?: number
  name?: string
}

export interface Faults {
  add(fault: Fault): void
  clear(): void
  take(text: string): Fault | undefined
}

export function createFaults(): Faults {
  let faults: { fault: Fault; left: number }[] = []
  return {
    add: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    clear: () => {
      faults = []
    },
    take(text) {
      const hit = faults.find(({ fault }) => (fault.match ? text.includes(fault.match) : text !== '/ping'))
      if (!hit) return undefined
      hit.left -= 1
      faults = faults.filter(({ left }) => left > 0)
      return hit.fault
    },
  }
}
