import type { EventStore, StoredEvent } from '../ports/event-store.js'
import type { PathsPlan } from '../ports/paths-plan.js'
import { MINUTE, SCOPE } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

const START = { event: '$pageview', where: [] }

export function paths(fields: Partial<PathsPlan> = {}): PathsPlan {
  return {
    kind: 'paths',
    ...SCOPE,
    direction: 'forward',
    start: START,
    events: false,
    steps: 5,
    collapse: true,
    limit: 50,
    ...fields,
  }
}

/** Moves as `step node > next sessions`, `step node . sessions` for ends and `step node + sessions` for what goes on; * = others. */
export async function moves(store: EventStore, plan: PathsPlan): Promise<string[]> {
  const result = await store.query<'paths'>(plan)
  const folded = result.moves.some(({ node }) => node === null)
  expectEqual([result.truncated, result.estimated, result.answered_by], [folded, false, 'raw'], 'facts')
  const sign = { ends: '.', goes_on: '+', moves: '>' }
  return result.moves.map(({ step, node, onward, next, sessions }) =>
    [step, node ?? '*', sign[onward], ...(onward === 'moves' ? [next ?? '*'] : []), sessions].join(' '),
  )
}

let count = 0
/** One event a minute: pages by their path, other events by name; a number is a pause in minutes. */
export function walk(
  anonymous_id: string,
  ...list: readonly (string | number | Partial<StoredEvent>)[]
): StoredEvent[] {
  let at = TEST_NOON
  const events: StoredEvent[] = []
  for (const item of list) {
    if (typeof item === 'number') at += item * MINUTE
    else {
      count += 1
      const fields =
        typeof item !== 'string'
          ? item
          : item.startsWith('/')
            ? { path: item }
            : { event_name: item, path: '/on' }
      events.push(storedEvent({ event_id: `p${count}`, anonymous_id, timestamp: at, ...fields }))
      at += MINUTE
    }
  }
  return events
}
