import { randomUUID } from 'node:crypto'
import type { Analytics, KeyStore } from '@millimetric/core'
import type { TrackEvent } from '@millimetric/schema/wire'

export const NAMES = ['amber', 'birch', 'cedar'] as const
type Name = (typeof NAMES)[number]

export const INTERNAL_SECRET = 'the secret of the scheduler'

/** A project whose every text holds its canary, and what its owner has been answered. */
export interface Tenant {
  name: Name
  canary: string
  owner: string
  id: string
  slug: string
  /** A job with text in it, and one that was asked for. */
  jobIds: [failed: string, asked: string]
  keyIds: [stays: string, rotated: string, revoked: string, rotatedInProcess: string]
  accountKeyIds: [rotated: string, revoked: string, rotatedInProcess: string]
  keys: { pk: string; sk: string; rk: string; ak: string; rt: string; narrow: string }
  /** Each the `next_cursor` of an answer. */
  cursors: { query: string; person: string }
}

export const EVENTS = 12

export async function makeTenants(analytics: Analytics, keys: KeyStore): Promise<Tenant[]> {
  const tenants: Tenant[] = []
  for (const name of NAMES) tenants.push(await makeTenant(analytics, keys, name))
  return tenants
}

export async function makeTenant(analytics: Analytics, store: KeyStore, name: Name): Promise<Tenant> {
  const canary = `CANARY${name}`
  const owner = `${canary}-owner`
  const low = canary.toLowerCase()
  const { project, keys } = await analytics.projects.create({
    slug: `${low}-slug`,
    name: `${canary}-name`,
    owner,
    plan: `${canary}-plan`,
    allowed_origins: [originOf(canary)],
  })
  const { id, slug } = project
  const account = await analytics.keys.account.create({ owner, name: `${canary}-account` })
  const spareOfAccount = async (): Promise<string> =>
    (await analytics.keys.account.create({ owner, name: `${canary}-spare` })).key.id
  const spare = async (): Promise<string> =>
    (await analytics.keys.create({ project_id: id, kind: 'rk', name: `${canary}-key` })).key.id
  const failed = randomUUID()
  await store.insertJob({
    id: failed,
    project_id: id,
    kind: 'forget',
    state: 'failed',
    counts: { [`${canary}-count`]: 1 },
    created_at: 0,
    finished_at: null,
    verified_at: null,
    error: `${canary}-error`,
  })
  await analytics.batch(eventsOf(canary), { project: id })
  await analytics.identify(
    {
      anonymous_id: `${canary}-anonymous-0`,
      user_id: `${canary}-user`,
      traits: { [`${canary}-trait`]: `${canary}-traits` },
    },
    { project: id },
  )
  // Refused, so that a line of the log holds the canary too.
  await analytics.batch([{ event: '', event_id: `${canary}-refused` }], { project: id })

  async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const answer = await analytics.handler(
      new Request(`http://host.test${path}`, {
        method,
        headers: { authorization: `Bearer ${keys.sk}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return await answer.json()
  }
  const pin = {
    filters: { field: 'properties.plan', op: 'is', value: `${canary}-pinned` },
    expires_in: '30d',
  }
  const [query, person, asked, token, narrow] = [
    await ask('GET', '/v1/query?range=7d&limit=3'),
    await ask('GET', `/v1/person?user_id=${canary}-user&limit=3`),
    await ask('POST', '/v1/forget', { user_id: `${canary}-gone` }),
    await ask('POST', '/v1/tokens', pin),
    await ask('POST', '/v1/tokens', { ...pin, metrics: ['count'], group_by: ['path'] }),
  ]
  return {
    name,
    canary,
    owner,
    id,
    slug,
    jobIds: [failed, textAt(asked, 'job', 'id')],
    keyIds: [await spare(), await spare(), await spare(), await spare()],
    accountKeyIds: [account.key.id, await spareOfAccount(), await spareOfAccount()],
    keys: { ...keys, ak: account.secret, rt: textAt(token, 'token'), narrow: textAt(narrow, 'token') },
    cursors: { query: textAt(query, 'next_cursor'), person: textAt(person, 'next_cursor') },
  }
}

export function originOf(canary: string): string {
  return `https://${canary.toLowerCase()}.test`
}

function textAt(answer: unknown, ...path: string[]): string {
  const value = path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    answer,
  )
  if (typeof value !== 'string') throw new Error(`no ${path.join('.')} in ${JSON.stringify(answer)}`)
  return value
}

function eventsOf(canary: string): TrackEvent[] {
  const origin = originOf(canary)
  const tags = ['source', 'medium', 'campaign', 'term', 'content'].map(
    (name) => `utm_${name}=${canary}-${name}`,
  )
  return Array.from({ length: EVENTS }, (_, i) => ({
    event: i % 3 === 0 ? '$pageview' : `${canary}-event`,
    event_id: `${canary}-id-${i}`,
    anonymous_id: `${canary}-anonymous-${i % 4}`,
    user_id: i === EVENTS - 1 ? `${canary}-gone` : `${canary}-user`,
    session_id: `${canary}-session`,
    url: `${origin}/${canary}-path?${tags.join('&')}`,
    referrer: `https://${canary.toLowerCase()}.example/${canary}-page`,
    properties: { [`${canary}-key`]: `${canary}-value`, plan: `${canary}-pinned` },
    ip: '203.0.113.7',
    // A browser: reports leave bots out.
    user_agent: `Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0 ${canary}`,
  }))
}

export type Door = keyof Tenant['keys'] | 'session' | 'host' | 'none'

/** Every way in: the keys of a tenant, its session, the secret of the scheduler (nobody's), and none. */
export function headersOf({ keys, owner, canary }: Tenant, door: Door): Record<string, string> {
  if (door === 'none') return {}
  if (door === 'session') return { authorization: `session ${owner}` }
  if (door === 'host') return { 'x-internal-secret': INTERNAL_SECRET }
  const authorization = `Bearer ${keys[door]}`
  return door === 'pk' || door === 'rt' ? { authorization, origin: originOf(canary) } : { authorization }
}

/** The doors of a tenant; the scheduler is none. */
export const DOORS: readonly Door[] = ['pk', 'sk', 'rk', 'ak', 'rt', 'narrow', 'session', 'none']
