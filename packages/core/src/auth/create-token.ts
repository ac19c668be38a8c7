import { tokenParamsSchema } from '@millimetric/schema'
import type { Lifetime, TokenResponse } from '@millimetric/schema/wire'
import type { Catalog } from '../catalog.js'
import { AnalyticsError } from '../errors.js'
import { type Condition, fieldsOf, someCondition } from '../ports/conditions.js'
import { askedNames, toConditions } from '../query/conditions.js'
import { readParams } from '../query/plan.js'
import { invalidField } from './input-field.js'
import { type Principal, requireScope } from './principal.js'
import { LONGEST_TOKEN, type TokenSigner } from './read-token.js'

export interface TokenDeps {
  readonly tokens: TokenSigner
  /** Now, in epoch milliseconds. */
  readonly clock: () => number
  readonly catalog?: Catalog | undefined
}

/**
 * A token for a browser that reads part of one project for a while. Stores nothing. It ends by itself, and with the
 * secret key that made it. Errors: `key_kind_not_allowed`, `insufficient_scope`, `invalid_params`.
 */
export async function createToken(
  deps: TokenDeps,
  principal: Principal,
  input: unknown,
): Promise<TokenResponse> {
  requireMaker(principal)
  requireScope(principal, 'read')
  const { filters, metrics, group_by, expires_in = '1h', env = 'live' } = readParams(tokenParamsSchema, input)
  checkPin(toConditions(filters, askedNames(deps.catalog, principal)))
  if (group_by !== undefined && metrics === undefined) {
    throw invalidField('group_by', 'stands beside metrics: without them every report answers.')
  }
  const expires_at = deps.clock() + secondsOf(expires_in) * 1000
  const token = await deps.tokens.sign(env, {
    project: principal.project.id,
    filters,
    ...(metrics === undefined ? {} : { metrics: [...new Set(metrics)] }),
    ...(group_by === undefined ? {} : { group_by: [...new Set(group_by)] }),
    ...(principal.kind === 'key' ? { key: principal.prefix } : {}),
    expires_at,
  })
  if (token === undefined) {
    throw invalidField('filters', `makes a token of more than ${LONGEST_TOKEN} characters; pin less.`)
  }
  return { token, expires_at }
}

function requireMaker(principal: Principal): void {
  if (principal.kind === 'process' || principal.key_kind === 'sk') return
  throw new AnalyticsError(
    'key_kind_not_allowed',
    `Tokens are made with a secret key (sk_…) of the project, not with a ${principal.key_kind}.`,
  )
}

/** A pin must say of each event alone whether it is there, and must not be empty by mistake. */
function checkPin(conditions: readonly Condition[]): void {
  if (conditions.length === 0) {
    throw invalidField('filters', 'name at least one condition: without one the token would show everything.')
  }
  if (someCondition(conditions, ({ op }) => op === 'done')) {
    throw invalidField('filters', 'a token can pin fields of events, not what a person has done.')
  }
  const page = fieldsOf(conditions).find((field) => field === 'entry_path' || field === 'exit_path')
  if (page !== undefined) {
    throw invalidField('filters', `a token can pin fields of events; ${page} is of a session. Pin path.`)
  }
  const open = someCondition(
    conditions,
    (one) => 'values' in one && one.op !== 'is' && one.values.includes(''),
  )
  if (open) throw invalidField('filters', 'contains, starts_with and matches hold for all events with "".')
}

const LONGEST_S = 30 * 86_400
const UNIT_S: ReadonlyMap<string, number> = new Map([
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
])

function secondsOf(lifetime: Lifetime): number {
  const text = String(lifetime)
  const unit = UNIT_S.get(text.slice(-1))
  const seconds = unit === undefined ? Number(text) : Number(text.slice(0, -1)) * unit
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_S) return seconds
  throw invalidField('expires_in', 'takes whole seconds, or text such as 15m, 1h or 7d, up to 30 days.')
}
