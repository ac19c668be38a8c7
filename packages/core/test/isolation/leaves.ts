import type { Asked } from './requests.js'

/** One text among the parameters of a request: a part of its path, of its query, or a value deep in its body. */
export interface Leaf {
  readonly at: readonly string[]
  readonly text: string
}

export function leavesOf({ params = {}, query = {}, body = {} }: Asked): Leaf[] {
  return walk({ params, query, body }, [])
}

function walk(value: unknown, at: readonly string[]): Leaf[] {
  if (typeof value === 'string') return [{ at, text: value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => walk(inner, [...at, name]))
}

/** The request with other texts in some places. */
export function replaced(asked: Asked, leaves: readonly Leaf[]): Asked {
  const copy = structuredClone(asked)
  for (const { at, text } of leaves) {
    const last = at.at(-1)
    const holder = at
      .slice(0, -1)
      .reduce<unknown>((inner, name) => (isHolder(inner) ? Reflect.get(inner, name) : undefined), copy)
    if (last !== undefined && isHolder(holder)) Reflect.set(holder, last, text)
  }
  return copy
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
