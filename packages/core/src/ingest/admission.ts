import type { EventCode } from '@millimetric/schema/wire'
import type { Principal } from '../auth/principal.js'
import type { Project } from '../ports/key-store.js'
import type { UsageMeter } from '../projects/usage-meter.js'
import { utcDay } from '../time.js'
import { normalizeAddress } from './address.js'
import type { RequestFacts } from './enrich.js'
import type { EventNames } from './event-names.js'
import type { IsOwnTraffic } from './own-traffic.js'
import type { ValidEvent } from './validate.js'

export interface Refusal {
  readonly status: 'rejected' | 'dropped'
  readonly event_id: string | null
  readonly code: EventCode
  readonly message: string
}

/** What may come in beside what is well formed: own traffic, too many names, quotas. */
export interface Admission {
  /** Why a valid event is not taken. */
  refuse(
    principal: Principal,
    event: ValidEvent,
    facts: RequestFacts,
    receivedAt: number,
  ): Refusal | undefined
  /** Rejects with `quota_exceeded` when a month of these event times is used up. */
  requireQuota(project: Project, times: readonly number[]): Promise<void>
  /** Counts events that were stored now. */
  count(projectId: string, times: readonly number[]): void
}

export function createAdmission(deps: {
  isOwnTraffic: IsOwnTraffic | undefined
  names: EventNames
  maxEventNames: number
  meter: UsageMeter
}): Admission {
  const { isOwnTraffic, names, maxEventNames, meter } = deps
  return {
    refuse(principal, event, facts, receivedAt) {
      const event_id = event.event_id === '' ? null : event.event_id
      const key = principal.kind === 'key' ? principal : undefined
      const own = isOwnTraffic?.({
        origins: [facts.headers?.get('origin'), event.location?.origin],
        address: facts.trusted && event.ip !== '' ? normalizeAddress(event.ip) : facts.ip,
        key: key?.prefix,
      })
      if (own === true) {
        return {
          status: 'dropped',
          event_id,
          code: 'own_traffic',
          message: 'The ownTraffic lists of this server leave out this origin, address or key.',
        }
      }
      if (key?.key_kind === 'pk' && !names.admit(key.key_id, event.event_name, utcDay(receivedAt))) {
        return {
          status: 'rejected',
          event_id,
          code: 'too_many_event_names',
          message: `A public key may send ${maxEventNames} distinct event names a day; put what varies into properties.`,
        }
      }
      return undefined
    },
    requireQuota: async (project, times) => await meter.requireQuota(project, times),
    count: (projectId, times) => meter.add(projectId, times),
  }
}
