import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

const LOWEST = 19

/** Settings of connections that say at which Linux priority ("nice") their statements run; none where that does not work. */
export interface ThreadPriorities {
  readonly reports: readonly string[]
  readonly others: readonly string[]
  /** Whether priorities can be set, both ways. */
  readonly areSet: boolean
}

/**
 * Reports get what inserts and this process leave: one of five seconds made `track` take three times as long on two cores.
 *
 * Works with CAP_SYS_NICE, in a process of ordinary priority: the engine gives its threads back with the priority 0. Inserts
 * name one of their own, next to ours, because a thread that is made by a report's, or was left by one that failed, keeps the
 * lowest until it works for a statement that names one.
 */
export function threadPriorities(): ThreadPriorities {
  const isOurs = process.platform === 'linux' && getPriority() === 0 && canRaise()
  return isOurs
    ? { reports: [`os_thread_priority=${LOWEST}`], others: ['os_thread_priority=1'], areSet: true }
    : { reports: [], others: [], areSet: false }
}

/** Tried on this thread, upwards first: the way back is open to everybody. */
function canRaise(): boolean {
  try {
    setPriority(-1)
  } catch {
    return false
  }
  setPriority(0)
  return true
}

// Questions of milliseconds are not worth the look.
const LONG_MS = 100
// Merges that give way for ever on a busy machine end with inserts that wait for them: parts grew twenty a second.
const AT_MOST_MS = 30_000

/**
 * Beside a report merges stand in the way of inserts, as they have no processor of their own any more: half of what was left
 * of the rise of `track`. They run at the lowest priority too until the returned function is called.
 */
export function mergesGiveWay(): () => void {
  const restore = (): void => setMergePriority(0)
  let ending: ReturnType<typeof setTimeout> | undefined
  const beginning = setTimeout(() => {
    setMergePriority(LOWEST)
    ending = setTimeout(restore, AT_MOST_MS).unref()
  }, LONG_MS).unref()
  return () => {
    clearTimeout(beginning)
    if (ending === undefined) return
    clearTimeout(ending)
    restore()
  }
}

/** By the name that the engine gives the threads: it has a setting for servers only. */
function setMergePriority(priority: number): void {
  for (const id of threads()) {
    try {
      if (readFileSync(`/proc/self/task/${id}/comm`, 'utf8') === 'MergeMutate\n')
        setPriority(Number(id), priority)
    } catch {
      // The thread has ended since.
    }
  }
}

/** None without /proc or a free descriptor: thrown out of a timer, that would end the process. */
function threads(): string[] {
  try {
    return readdirSync('/proc/self/task')
  } catch {
    return []
  }
}
