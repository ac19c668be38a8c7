/** A statement with its bound values. Values are never part of the text. */
export interface Statement {
  readonly query: string
  readonly params: Record<string, unknown>
}

/** The values of one statement. `project_id` is always there, under its own name. */
export interface Binder {
  readonly params: Record<string, unknown>
  /** Placeholder of a value, `{p0:String}`; what is the same is bound once. */
  bind(type: string, value: unknown): string
}

export function createBinder(projectId: string): Binder {
  const params: Record<string, unknown> = { project_id: projectId }
  const bound = new Map<string, string>()
  return {
    params,
    bind(type, value) {
      const same = `${type} ${JSON.stringify(value)}`
      const known = bound.get(same)
      if (known !== undefined) return known
      const name = `p${bound.size}`
      params[name] = value
      const placeholder = `{${name}:${type}}`
      bound.set(same, placeholder)
      return placeholder
    },
  }
}

/** A moment in epoch milliseconds as the tables keep it. */
export function instant(binder: Binder, ms: number): string {
  return `fromUnixTimestamp64Milli(${binder.bind('Int64', ms)}, 'UTC')`
}
