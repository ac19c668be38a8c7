import type { Method } from './route.js'

export interface Found<R> {
  /** Routes of the path by method. */
  routes: ReadonlyMap<string, R>
  params: Readonly<Record<string, string>>
}

export type Router<R> = (path: string) => Found<R> | undefined

interface Pattern<R> {
  parts: readonly string[]
  routes: Map<string, R>
}

/** Finds routes by path. Exact paths win over paths with parts such as `:id`. */
export function createRouter<R extends { method: Method; path: string }>(table: readonly R[]): Router<R> {
  const exact = new Map<string, Map<string, R>>()
  const patterns = new Map<string, Pattern<R>>()
  for (const route of table) {
    if (!route.path.includes(':')) {
      const routes = exact.get(route.path) ?? new Map<string, R>()
      exact.set(route.path, routes.set(route.method, route))
      continue
    }
    const pattern = patterns.get(route.path) ?? { parts: route.path.split('/'), routes: new Map() }
    pattern.routes.set(route.method, route)
    patterns.set(route.path, pattern)
  }
  return (path) => {
    const routes = exact.get(path)
    if (routes !== undefined) return { routes, params: {} }
    const parts = path.split('/')
    for (const pattern of patterns.values()) {
      const params = matchParts(pattern.parts, parts)
      if (params !== undefined) return { routes: pattern.routes, params }
    }
    return undefined
  }
}

function matchParts(
  pattern: readonly string[],
  parts: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, wanted] of pattern.entries()) {
    const part = parts[index] ?? ''
    if (!wanted.startsWith(':')) {
      if (part !== wanted) return undefined
      continue
    }
    const value = decode(part)
    if (value === undefined || value === '') return undefined
    params[wanted.slice(1)] = value
  }
  return params
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
