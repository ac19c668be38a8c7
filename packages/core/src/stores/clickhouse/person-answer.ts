import type { EventRow } from '@millimetric/schema/wire'
import type { CallOptions } from '../../ports/event-store.js'
import type { PersonPlan, PersonResult, Touch } from '../../ports/query-plan.js'
import { type Placed, pageOf } from './pages.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import {
  devicesStatement,
  linkedUserStatement,
  type Person,
  personStatement,
  timelineStatement,
} from './sql/person.js'
import type { Reading } from './sql/reading.js'

/** What all events of a person say together. */
type Facts = Pick<
  PersonResult,
  'events' | 'first_seen' | 'last_seen' | 'first_touch' | 'last_touch' | 'traits'
>

export function createPersonAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: PersonPlan, options?: CallOptions) => Promise<PersonResult> {
  async function userOf(how: Reading, plan: PersonPlan, options?: CallOptions): Promise<string> {
    if (plan.user_id !== '') return plan.user_id
    const [link] = await read<{ linked: string }>(linkedUserStatement(how, plan), options)
    return link?.linked ?? ''
  }

  async function askFacts(
    how: Reading,
    plan: PersonPlan,
    who: Person,
    options?: CallOptions,
  ): Promise<Facts> {
    const [found] = await read<Found>(personStatement(how, plan, who), options)
    return foundFacts(found)
  }

  return async (plan, options) => {
    const how = await reading(plan, options)
    const user_id = await userOf(how, plan, options)
    const [devices] = user_id === '' ? [] : await read<Devices>(devicesStatement(how, plan, user_id), options)
    const anonymous_ids = user_id === '' ? [plan.anonymous_id] : (devices?.linked ?? [])
    const who = { user_id, anonymous_ids }
    const timeline = async (): Promise<Placed<EventRow>[]> =>
      await read<Placed<EventRow>>(timelineStatement(how, plan, who), options)
    // Most people's events are one page, which then says it all.
    const [first, asked] = isFirst(plan)
      ? [await timeline(), undefined]
      : await Promise.all([timeline(), askFacts(how, plan, who, options)])
    const page = pageOf(first, plan.limit)
    const facts = asked ?? (page.next === null ? factsOf(page.rows) : await askFacts(how, plan, who, options))
    return {
      ...rawFacts(page.next !== null),
      ...page,
      ...facts,
      user_id,
      anonymous_ids,
      conflicts: devices?.others ?? [],
    }
  }
}

function isFirst({ after }: PersonPlan): boolean {
  return after === null || after === undefined
}

interface Devices {
  readonly linked: readonly string[]
  readonly others: readonly string[]
}

/** Of all events of somebody, newest first. */
function factsOf(rows: readonly EventRow[]): Facts {
  const landed = rows.filter(({ url }) => url !== null)
  const traits = rows
    .toReversed()
    .filter(({ event_name }) => event_name === '$identify')
    .flatMap(({ properties }) => Object.entries(Object(JSON.parse(properties))))
  return {
    events: rows.length,
    first_seen: momentOf(rows.at(-1)),
    last_seen: momentOf(rows.at(0)),
    first_touch: touchOf(landed.at(-1)),
    last_touch: touchOf(landed.at(0)),
    traits: Object.fromEntries(traits),
  }
}

function momentOf(row: EventRow | undefined): number | null {
  return row === undefined ? null : Date.parse(row.timestamp)
}

function touchOf(row: EventRow | undefined): Touch | null {
  if (row === undefined) return null
  const { timestamp, source, medium, campaign, channel } = row
  return { timestamp: Date.parse(timestamp), source, medium, campaign: campaign ?? '', channel }
}

interface Found {
  readonly events: number
  readonly first_ms: number
  readonly last_ms: number
  readonly touches: number
  readonly first: TouchTuple
  readonly last: TouchTuple
  readonly traits: readonly (readonly [key: string, json: string])[]
}

type TouchTuple = readonly [number, string, string, string, string]

/** The same of the engine's answer. */
function foundFacts(found: Found | undefined): Facts {
  const known = found !== undefined && found.events > 0
  const touched = found !== undefined && found.touches > 0
  return {
    events: found?.events ?? 0,
    first_seen: known ? found.first_ms : null,
    last_seen: known ? found.last_ms : null,
    first_touch: touched ? touchIn(found.first) : null,
    last_touch: touched ? touchIn(found.last) : null,
    traits: Object.fromEntries((found?.traits ?? []).map(([key, json]) => [key, JSON.parse(json)])),
  }
}

function touchIn([timestamp, source, medium, campaign, channel]: TouchTuple): Touch {
  return { timestamp, source, medium, campaign, channel }
}
