import type { Analytics } from '@millimetric/core'
import type { Tenant } from './tenants.js'

/** A call of a member of `Analytics` for the project of `own`, which names what belongs to `named`. */
export interface Call {
  with(own: Tenant, named: Tenant): readonly unknown[]
  /** Why what it resolves to holds no text of the project; when absent, it must show a mark of the asker. */
  mute?: string
  /** What it names is found in the project or not at all. */
  finds?: true
}

const RANGE = { range: '7d' }
const OWN_ID = 'an id is the caller’s own, a status is no text of the project'

/** By the name of the member. Whoever adds a function adds a call of it here. */
export const CALLS: Readonly<Record<string, Call>> = {
  track: { mute: OWN_ID, with: (own, named) => [eventOf(own, named), project(own)] },
  batch: { mute: OWN_ID, with: (own, named) => [[eventOf(own, named)], project(own)] },
  identify: {
    mute: OWN_ID,
    with: (own, { name }) => [{ anonymous_id: `guess-${name}`, user_id: `guess-${name}` }, project(own)],
  },
  query: {
    with: (own, { canary, cursors }) => [
      { ...RANGE, limit: 5, cursor: cursors.query, filters: not(`${canary}-gone`) },
      project(own),
    ],
  },
  stats: {
    with: (own, { canary }) => [
      {
        ...RANGE,
        metrics: ['count', 'people'],
        group_by: ['source', 'path'],
        filters: not(`${canary}-gone`),
      },
      project(own),
    ],
  },
  sources: { with: (own, named) => [{ ...RANGE, filters: { has_done: eventNamed(named) } }, project(own)] },
  attribution: { with: (own, named) => [{ ...RANGE, conversion: eventNamed(named) }, project(own)] },
  funnel: {
    with: (own, named) => [
      { ...RANGE, steps: [{ event: '$pageview' }, eventNamed(named)], group_by: 'first_touch.source' },
      project(own),
    ],
  },
  cohorts: {
    mute: 'it holds dates and numbers only',
    with: (own, named) => [{ ...RANGE, start: eventNamed(named) }, project(own)],
  },
  paths: {
    with: (own, { canary }) => [
      { ...RANGE, from_page: `/${canary}-path`, include_events: true },
      project(own),
    ],
  },
  live: { with: (own, { canary }) => [{ minutes: 30, filters: not(`${canary}-gone`) }, project(own)] },
  person: { with: (own, { canary }) => [{ user_id: `${canary}-user`, limit: 5 }, project(own)] },
  schema: { with: (own, { canary }) => [{ filters: not(`${canary}-gone`) }, project(own)] },
  export: { with: (own, { canary }) => [{ filters: not(`${canary}-gone`) }, project(own)] },
  explain: {
    mute: 'it knows no project: all it says was given to it',
    with: (_own, { canary }) => [`https://a.test/?utm_source=${canary}`],
  },
  reclassify: {
    mute: 'nothing moves, so it holds numbers only',
    with: (own) => [RANGE, project(own)],
  },
  forget: {
    mute: 'it holds the id of a new job only',
    with: (own, { canary }) => [{ user_id: `${canary}-gone` }, project(own)],
  },
  'jobs.find': { finds: true, with: (own, { jobIds }) => [jobIds[0], project(own)] },
  'retention.run': { mute: 'it is about all projects and holds numbers only', with: () => [] },
  'projects.create': {
    mute: 'a new project has new names',
    with: ({ name, owner }) => [{ slug: `in-process-${name}-${Math.random().toString(36).slice(2)}`, owner }],
  },
  'projects.find': { with: (own) => [own.slug] },
  'projects.list': { with: ({ owner }) => [{ owner }] },
  'projects.update': { with: ({ id }) => [id, { timezone: 'UTC' }] },
  'projects.forget': { mute: 'it returns nothing', with: ({ id }) => [id] },
  'keys.create': {
    mute: 'a new key has new names',
    with: ({ id, name }) => [{ project_id: id, kind: 'rk', name: `by-${name}` }],
  },
  'keys.list': { with: ({ id }) => [id] },
  'keys.rotate': { finds: true, with: ({ id }, named) => [id, named.keyIds[3], { overlap_s: 86_400 }] },
  'keys.revoke': { finds: true, with: ({ id }, named) => [id, named.keyIds[2]] },
  'keys.account.create': {
    mute: 'a new key has new names',
    with: ({ owner, name }) => [{ owner, name: `by-${name}` }],
  },
  'keys.account.list': { with: ({ owner }) => [owner] },
  'keys.account.rotate': {
    finds: true,
    with: ({ owner }, named) => [owner, named.accountKeyIds[2], { overlap_s: 86_400 }],
  },
  'keys.account.revoke': { finds: true, with: ({ owner }, named) => [owner, named.accountKeyIds[1]] },
  'tokens.create': {
    with: ({ slug, name }) => [{ project: slug, filters: not(`guess-${name}`), expires_in: 60 }],
  },
  usage: { with: ({ slug }) => [{ project: slug }] },
  recountUsage: {
    with: ({ slug }) => [{ project: slug, month: new Date().toISOString().slice(0, 7) }],
  },
  maintain: { mute: 'it is about all projects and holds numbers only', with: () => [] },
}

/** Members that are no questions: what each is held to elsewhere. */
export const OTHER_MEMBERS: readonly string[] = ['handler', 'close']

export interface Member {
  name: string
  call(...args: readonly unknown[]): Promise<unknown>
}

/** Every function of the object, also of the objects in it. */
export function membersOf(analytics: Analytics, path: readonly string[] = []): Member[] {
  const holder = path.reduce<unknown>((inner, name) => Reflect.get(Object(inner), name), analytics)
  return Object.entries(Object(holder)).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function') return membersOf(analytics, [...path, name])
    return { name: [...path, name].join('.'), call: async (...args) => await settle(value(...args)) }
  })
}

async function settle(answer: unknown): Promise<unknown> {
  if (!isIterable(answer)) return await answer
  const all: unknown[] = []
  for await (const one of answer) all.push(one)
  return all
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

function project({ slug }: Tenant): { project: string } {
  return { project: slug }
}

function eventOf(own: Tenant, { name }: Tenant): object {
  return { event: `by-${own.name}`, anonymous_id: `guess-${name}`, user_id: `guess-${name}` }
}

function eventNamed({ canary }: Tenant): { event: string } {
  return { event: `${canary}-event` }
}

function not(user: string): object {
  return { field: 'user_id', op: 'is_not', value: user }
}
