import type { Route } from '../../src/http/route.js'
import type { Answer } from '../control/server.js'
import type { RouteBench } from './route-bench.js'

/** Servers by what is the matter with them. */
export interface Benches {
  healthy: RouteBench
  /** One request a route and kind of key. */
  limited: RouteBench
  /** No event more this month. */
  full: RouteBench
  /** Without a login of the host and without a secret of its scheduler. */
  bare: RouteBench
  /** Closed. */
  draining: RouteBench
  /** A few events are all that may wait. */
  overloaded: RouteBench
  /** With no patience for bodies. */
  impatient: RouteBench
}

/** One thing that is wrong (or right) with a request, and what it is answered, code included. */
export interface Cause {
  name: string
  /** The code, or the status where there is none. */
  answer: string | number
  /** Routes that it can happen to. */
  of(route: Route): boolean
  ask(benches: Benches, route: Route): Promise<Answer>
}

export const byKey = (route: Route): boolean => route.by === 'key'
export const byUser = (route: Route): boolean => route.by === 'user'
export const ingests = (route: Route): boolean => route.by === 'key' && route.scope === 'ingest'
export const reads = (route: Route): boolean => route.by === 'key' && route.scope === 'read'
export const secretOnly = (route: Route): boolean => route.by === 'key' && route.secretOnly !== undefined
export const asksEvents = (route: Route): boolean => reads(route) && !secretOnly(route)
export const takesToken = (route: Route): boolean => route.by === 'key' && route.allowToken === true
export const takesBody = (route: Route): boolean => route.method === 'POST' && route.by !== 'internal'
export const namesProject = (route: Route): boolean => reads(route) || route.path === '/v1/usage'
