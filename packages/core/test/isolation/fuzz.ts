import { createRandom, type Random } from '../oracle/random.js'
import { ALTERNATIVES, FIELDS, WORDS } from './fuzz-words.js'
import { type Leaf, leavesOf, replaced } from './leaves.js'
import { type Asked, REQUESTS } from './requests.js'
import { DOORS, type Tenant } from './tenants.js'

export interface Fuzzed {
  own: Tenant
  route: { method: string; path: string }
  asked: Asked
  /** How many of its parameters are not what a request of its owner would have. */
  parameters: number
}

/** Requests of which some parameters are taken from somebody else, or are words that break things. */
export function fuzz(
  routes: readonly { method: string; path: string }[],
  tenants: readonly Tenant[],
  parameters: number,
): Fuzzed[] {
  const random = createRandom(42)
  const all: Fuzzed[] = []
  let left = parameters
  while (left > 0) {
    const route = random.pick(routes)
    const own = random.pick(tenants)
    const fuzzed = fuzzOne(random, route, own, random.pick(tenants.filter((other) => other !== own)))
    if (fuzzed === undefined) continue
    all.push(fuzzed)
    left -= fuzzed.parameters
  }
  // What keeps things comes last, so that questions stay small; what was kept is looked through at the end.
  return all.toSorted((a, b) => Number(keeps(a.route)) - Number(keeps(b.route)))
}

export function keeps({ method, path }: { method: string; path: string }): boolean {
  return REQUESTS[`${method} ${path}`]?.keeps === true
}

function fuzzOne(
  random: Random,
  route: { method: string; path: string },
  own: Tenant,
  other: Tenant,
): Fuzzed | undefined {
  const row = REQUESTS[`${route.method} ${route.path}`]
  const valid = row?.of(own, own) ?? []
  const at = random.int(0, valid.length - 1)
  const [asked, theirs] = [valid[at], row?.of(own, other)[at]]
  if (asked === undefined || theirs === undefined) return undefined
  const gentle = random.chance(0.6) ? leavesOf(asked).flatMap((leaf) => gentler(random, leaf, theirs)) : []
  const leaves = gentle.length > 0 ? gentle : harsher(random, asked, theirs, other, keeps(route))
  const by = gentle.length > 0 || random.chance(0.7) ? asked.by : random.pick(DOORS)
  const more = gentle.length > 0 ? {} : added(random, other)
  const mixed = replaced(asked, leaves)
  return {
    own,
    route,
    asked: { ...mixed, query: { ...mixed.query, ...more }, by },
    parameters: leaves.length + Object.keys(more).length,
  }
}

/** Another value that is as valid: what somebody else has there, or one of the others there are. */
function gentler(random: Random, { at, text }: Leaf, theirs: Asked): Leaf[] {
  if (at[0] === 'params' || at.at(-1)?.startsWith('project_') === true) return []
  const same = leavesOf(theirs).find((leaf) => leaf.at.join() === at.join())?.text ?? text
  if (same !== text) return [{ at, text: same }]
  const others = ALTERNATIVES.find((list) => list.includes(text))?.filter((one) => one !== text)
  return others === undefined ? [] : [{ at, text: random.pick(others) }]
}

function harsher(random: Random, asked: Asked, theirs: Asked, other: Tenant, kept: boolean): Leaf[] {
  // What is kept would be found again as the sender's own.
  const words = kept ? WORDS : [...WORDS, ...takenFrom(other), ...takenFrom(other)]
  return random
    .shuffle(leavesOf(asked))
    .slice(0, random.int(1, 4))
    .map(({ at, text }) => {
      const same = leavesOf(theirs).find((leaf) => leaf.at.join() === at.join())?.text
      return {
        at,
        text: same !== undefined && same !== text && random.chance(0.4) ? same : random.pick(words),
      }
    })
}

function added(random: Random, other: Tenant): Record<string, string> {
  const count = random.int(0, 2)
  return Object.fromEntries(
    Array.from({ length: count }, () => [
      random.pick(FIELDS),
      random.pick(random.chance(0.5) ? takenFrom(other) : WORDS).toWellFormed(),
    ]),
  )
}

/** Everything of a tenant that somebody else could get hold of. */
export function takenFrom(tenant: Tenant): readonly string[] {
  const { id, slug, owner, canary, jobIds, keyIds, accountKeyIds, keys, cursors } = tenant
  const ids = [id, slug, owner, ...jobIds, ...keyIds, ...accountKeyIds]
  return [...ids, `${canary}-user`, `${canary}-id-3`, ...Object.values(keys), ...Object.values(cursors)]
}
