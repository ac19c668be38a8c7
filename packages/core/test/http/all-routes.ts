import { readdirSync } from 'node:fs'
import type { Route } from '../../src/http/route.js'

const FOLDER = new URL('../../src/http/', import.meta.url)

/** Answered before any table of routes is looked at. */
export const OPEN_PATHS: readonly string[] = ['/healthz', '/v1/a.js']

/** Every route there is: whatever a file of routes exports, so that a new file is found without being listed. */
export const ALL_ROUTES: readonly Route[] = (
  await Promise.all(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith('-routes.ts'))
      .map(async (name) => Object.values<unknown>(await import(new URL(name, FOLDER).href))),
  )
)
  .flat()
  .filter(Array.isArray)
  .flatMap((table: readonly Route[]) => table)
  .filter((route) => typeof route === 'object' && 'path' in route && 'run' in route)

export function nameOf({ method, path }: { method: string; path: string }): string {
  return `${method} ${path}`
}
