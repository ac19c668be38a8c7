import { getPriority, setPriority } from 'node:os'

/** Settings of connections that say at which Linux priority ("nice") their statements run; none where that does not work. */
export interface ThreadPriorities {
  readonly reports: readonly string[]
  readonly others: readonly string[]
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
    ? { reports: ['os_thread_priority=19'], others: ['os_thread_priority=1'] }
    : { reports: [], others: [] }
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
