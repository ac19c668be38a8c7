import { getPriority, setPriority } from 'node:os'

/** The lowest of Linux ("nice"): such a thread gets what the others leave. */
const LAST = 19

/**
 * Settings for threads of reports, so that inserts and this process go first: a report of five seconds made `track` wait
 * three times as long on two cores. None where a thread could not get its priority back, which takes CAP_SYS_NICE: the
 * engine's threads, and those that Node reads files with, serve one statement after another.
 */
export function lastPriority(): readonly string[] {
  const isOurs = process.platform === 'linux' && getPriority() === 0 && canRaise()
  return isOurs ? [`os_thread_priority=${LAST}`] : []
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
