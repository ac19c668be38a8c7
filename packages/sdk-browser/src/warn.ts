const said: Record<string, boolean> = {}

/** Tells the developer what is wrong or lost; each reason once. */
export function warn(reason: string, why?: unknown): void {
  if (!said[reason]) console.warn(`[millimetric] ${reason}`, why)
  said[reason] = true
}
