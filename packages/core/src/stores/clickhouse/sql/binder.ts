/** A statement with its bound values. Values are never part of the text. */
export interface Statement {
  readonly query: string
  readonly params: Record<string, unknown>
}

/** The values of one statement. `project_id` is always there, under its own name. */
export interface Binder {
  readonly params: Record<string, unknown>
  /** Placeholder of a value, `{p0:String}`; one and the same list is bound once. */
  bind(type: string, value: unknown): string
}

export function createBinder(projectId: string): Binder {
  const params: Record<string, unknown> = { project_id: projectId }
  const lists = new Map<unknown, string>()
  let count = 0
  return {
    params,
    bind(type, value) {
      const known = lists.get(value)
      if (known !== undefined) return known
      const name = `p${count++}`
      params[name] = value
      const placeholder = `{${name}:${type}}`
      if (typeof value === 'object') lists.set(value, placeholder)
      return placeholder
    },
  }
}

/** A moment in epoch milliseconds as the tables keep it. */
export function instant(binder: Binder, ms: number): string {
  return `fromUnixTimestamp64Milli(${binder.bind('Int64', ms)}, 'UTC')`
}
