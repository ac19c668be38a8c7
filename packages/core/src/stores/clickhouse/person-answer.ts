import type { CallOptions } from '../../ports/event-store.js'
import type { PersonPlan, PersonResult, Touch } from '../../ports/query-plan.js'
import type { FindReading, Read } from './reader.js'
import { identifiedStatement, linkedUserStatement, personStatement, toldIdsStatement } from './sql/person.js'
import type { Reading } from './sql/reading.js'

export function createPersonAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: PersonPlan, options?: CallOptions) => Promise<PersonResult> {
  async function toldIds(
    plan: PersonPlan,
    how: Reading,
    userId: string,
    ids: readonly Identified[],
    options: CallOptions | undefined,
  ): Promise<string[]> {
    if (userId === '' || (plan.visible ?? []).length === 0) return ids.map(({ anonymous_id }) => anonymous_id)
    const rows = await read<{ id: string }>(toldIdsStatement(how, plan, userId), options)
    return rows.map(({ id }) => id)
  }

  return async (plan, options) => {
    const how = await reading(plan, options)
    let user_id = plan.user_id
    if (user_id === '') {
      const [link] = await read<{ linked: string }>(linkedUserStatement(how, plan), options)
      user_id = link?.linked ?? ''
    }
    const ids =
      user_id === ''
        ? []
        : await read<Identified>(identifiedStatement(how, plan.project_id, user_id), options)
    const person = { user_id, anonymous_ids: user_id === '' ? [plan.anonymous_id] : named(ids, true) }
    const [[found], told] = await Promise.all([
      read<Found>(personStatement(how, plan, person), options),
      toldIds(plan, how, user_id, ids, options),
    ])
    const known = found !== undefined && found.events > 0
    const touched = found !== undefined && found.touches > 0
    return {
      ...person,
      conflicts: named(ids, false),
      told,
      events: found?.events ?? 0,
      first_seen: known ? found.first_ms : null,
      last_seen: known ? found.last_ms : null,
      first_touch: touched ? touchOf(found.first) : null,
      last_touch: touched ? touchOf(found.last) : null,
      identified: found?.identified ?? [],
    }
  }
}

interface Identified {
  readonly anonymous_id: string
  readonly own: number
}

interface Found {
  readonly events: number
  readonly first_ms: number
  readonly last_ms: number
  readonly touches: number
  readonly first: TouchTuple
  readonly last: TouchTuple
  readonly identified: readonly string[]
}

type TouchTuple = readonly [number, string, string, string, string]

function touchOf([timestamp, source, medium, campaign, channel]: TouchTuple): Touch {
  return { timestamp, source, medium, campaign, channel }
}

function named(ids: readonly Identified[], own: boolean): string[] {
  return ids.filter((id) => (id.own === 1) === own).map(({ anonymous_id }) => anonymous_id)
}
