type Timer = ReturnType<typeof setTimeout>

interface DenoTimers {
  refTimer(timer: unknown): void
  unrefTimer(timer: unknown): void
}

function isDeno(value: unknown): value is DenoTimers {
  return typeof value === 'object' && value !== null && 'unrefTimer' in value
}

/** Says whether the process must stay for the timer. */
export function hold(timer: Timer, held: boolean): void {
  const deno: unknown = Reflect.get(globalThis, 'Deno')
  // Timers are numbers in Deno, objects elsewhere.
  if (typeof timer === 'object') held ? timer.ref() : timer.unref()
  else if (isDeno(deno)) held ? deno.refTimer(timer) : deno.unrefTimer(timer)
}

/** Ends whatever a client is waiting for. One `AbortSignal` with many listeners would make Node warn of a leak. */
export interface Stop {
  readonly stopped: boolean
  readonly listeners: Set<() => void>
  now(): void
}

export function createStop(): Stop {
  const listeners = new Set<() => void>()
  let stopped = false
  return {
    get stopped() {
      return stopped
    },
    listeners,
    now() {
      stopped = true
      for (const listener of listeners) listener()
    },
  }
}

/** The waits of one client between its tries. */
export interface Pauses {
  /** Waits; shorter when stopped. Never rejects. */
  wait(ms: number, held: boolean): Promise<void>
  /** Somebody waits for the result now: the process must stay for all of them. */
  holdAll(): void
}

export function createPauses(stop: Stop): Pauses {
  const timers = new Set<Timer>()
  return {
    wait: (ms, held) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer)
          timers.delete(timer)
          stop.listeners.delete(end)
          resolve()
        }
        const timer = setTimeout(end, ms)
        timers.add(timer)
        hold(timer, held)
        stop.listeners.add(end)
      }),
    holdAll() {
      for (const timer of timers) hold(timer, true)
    },
  }
}
