import type { CallOptions } from '../../ports/event-store.js'
import type { PersonPlan, PersonResult, Touch } from '../../ports/query-plan.js'
import type { FindReading, Read } from './reader.js'
import { linkedUserStatement, personStatement } from './sql/person.js'

export function createPersonAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: PersonPlan, options?: CallOptions) => Promise<PersonResult> {
  return async (plan, options) => {
    const how = await reading(plan, options)
    let user_id = plan.user_id
    if (user_id === '') {
      const [link] = await read<{ linked: string }>(linkedUserStatement(how, plan), options)
      user_id = link?.linked ?? ''
    }
    const person = user_id === '' ? plan : { user_id, anonymous_id: '' }
    const [found] = await read<Found>(personStatement(how, plan, person), options)
    const ids = found?.ids ?? []
    const known = found !== undefined && found.events > 0
    const touched = found !== undefined && found.touches > 0
    return {
      user_id,
      anonymous_ids: user_id === '' ? [plan.anonymous_id] : named(ids, true),
      conflicts: named(ids, false),
      events: found?.events ?? 0,
      first_seen: known ? found.first_ms : null,
      last_seen: known ? found.last_ms : null,
      first_touch: touched ? touchOf(found.first) : null,
      last_touch: touched ? touchOf(found.last) : null,
      traits: Object.fromEntries((found?.traits ?? []).map(([key, json]) => [key, JSON.parse(json)])),
    }
  }
}

type Identified = readonly [anonymous_id: string, own: number]

interface Found {
  readonly ids: readonly Identified[]
  readonly events: number
  readonly first_ms: number
  readonly last_ms: number
  readonly touches: number
  readonly first: TouchTuple
  readonly last: TouchTuple
  readonly traits: readonly (readonly [key: string, json: string])[]
}

type TouchTuple = readonly [number, string, string, string, string]

function touchOf([timestamp, source, medium, campaign, channel]: TouchTuple): Touch {
  return { timestamp, source, medium, campaign, channel }
}

function named(ids: readonly Identified[], linked: boolean): string[] {
  return ids.flatMap(([anonymous_id, own]) => ((own === 1) === linked ? [anonymous_id] : []))
}
