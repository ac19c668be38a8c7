import { AnalyticsError } from '../errors.js'
import type { Condition } from '../ports/conditions.js'
import type { KeyKind, Project, Scope } from '../ports/key-store.js'

/** Who asks. Every use case takes one and checks its scope first, so no door skips the check. */
export type Principal = ProcessPrincipal | KeyPrincipal

/** What of the project's events exists for somebody who reads. */
interface Sight {
  /** Absent = everything; conditions on fields of events. */
  readonly visible?: readonly Condition[]
  /** Metrics that may be asked for; absent = every one, and every report. */
  readonly metrics?: readonly string[]
  /** With metrics: what they may be grouped by; absent = all but ids and properties. */
  readonly group_by?: readonly string[]
}

/** The host's own code, calling in process. */
export interface ProcessPrincipal extends Sight {
  readonly kind: 'process'
  readonly project: Project
}

/** A request that carried a valid key, or a read token (`rt`), which names the key that made it if one did. */
export interface KeyPrincipal extends Sight {
  readonly kind: 'key'
  readonly key_kind: KeyKind | 'rt'
  readonly key_id: string
  /** The part of the key that may be shown. */
  readonly prefix: string
  readonly scopes: readonly Scope[]
  readonly project: Project
}

/** A request that carried a valid account key: reads every project of the owner. */
export interface AccountPrincipal {
  readonly kind: 'account'
  readonly owner: string
  readonly key_id: string
  /** The part of the key that may be shown. */
  readonly prefix: string
  readonly scopes: readonly Scope[]
}

/** An account key, asking about one of its owner's projects. */
export function inProject({ key_id, prefix, scopes }: AccountPrincipal, project: Project): KeyPrincipal {
  return { kind: 'key', key_kind: 'ak', key_id, prefix, scopes, project }
}

/** Throws `insufficient_scope` unless the principal may do this. In-process code may do everything. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.kind === 'process' || principal.scopes.includes(scope)) return
  throw new AnalyticsError(
    'insufficient_scope',
    `This ${principal.key_kind} key has the scopes [${principal.scopes.join(', ')}]; this call needs "${scope}".`,
    { details: { needs: scope, has: principal.scopes } },
  )
}

/** Throws `insufficient_scope` unless all of these metrics may be asked for. */
export function requireMetrics({ metrics: allowed }: Principal, metrics: readonly string[]): void {
  const refused = allowed === undefined ? undefined : metrics.find((metric) => !allowed.includes(metric))
  if (refused === undefined || allowed === undefined) return
  throw new AnalyticsError(
    'insufficient_scope',
    `This token may ask for ${allowed.join(', ')}, not for ${refused}.`,
    { details: { needs: refused, has: allowed } },
  )
}

/** Throws `insufficient_scope` unless metrics may be grouped by all of these. */
export function requireGroups(principal: Principal, group_by: readonly string[]): void {
  const { metrics, group_by: allowed } = principal
  const refused = group_by.find((name) =>
    allowed === undefined ? isOfPeople(name) : !allowed.includes(name),
  )
  if (metrics === undefined || refused === undefined) return
  throw new AnalyticsError(
    'insufficient_scope',
    `This token may not group by ${refused}${allowed === undefined ? '' : `, only by ${allowed.join(', ')}`}.`,
    { details: { needs: refused, ...(allowed === undefined ? {} : { has: allowed }) } },
  )
}

/**
 * Throws `insufficient_scope` unless conditions may look at all of these. Whoever has pinned metrics asks for ids and
 * properties only where they may be grouped by them: else they could be guessed, sign by sign.
 */
export function requireFields({ metrics, group_by = [] }: Principal, fields: readonly string[]): void {
  const refused = fields.find((name) => isOfPeople(name) && !group_by.includes(name))
  if (metrics === undefined || refused === undefined) return
  throw new AnalyticsError('insufficient_scope', `This token may not ask for events by ${refused}.`, {
    details: { needs: refused },
  })
}

function isOfPeople(field: string): boolean {
  return field === 'user_id' || field === 'anonymous_id' || field.startsWith('properties.')
}

/** Throws `insufficient_scope` for somebody who may ask for single metrics only: a report tells more. */
export function requireReports({ metrics: allowed }: Principal): void {
  if (allowed === undefined) return
  throw new AnalyticsError('insufficient_scope', `This token may only ask stats for ${allowed.join(', ')}.`, {
    details: { has: allowed },
  })
}

/** Secret keys and in-process code may speak for a visitor (address, user agent) and are never judged bots. */
export function isTrusted(principal: Principal): boolean {
  return principal.kind === 'process' || principal.key_kind === 'sk'
}
