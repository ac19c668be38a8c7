import { randomUUID } from 'node:crypto'
import type { Analytics, KeyStore } from '@millimetric/core'

const NAMES = ['amber', 'birch', 'cedar'] as const
type Name = (typeof NAMES)[number]

export interface Tenant {
  name: Name
  canary: string
  owner: string
  id: string
  slug: string
  jobId: string
  keyIds: string[]
  keys: { pk: string; sk: string; rk: string; ak: string; rt: string; narrow: string }
}

export async function makeTenants(analytics: Analytics, keys: KeyStore): Promise<Tenant[]> {
  const tenants: Tenant[] = []
  for (const name of NAMES) tenants.push(await makeTenant(analytics, keys, name))
  return tenants
}

/** A project whose every text holds its canary. */
async function makeTenant(analytics: Analytics, keys: KeyStore, name: Name): Promise<Tenant> {
  const canary = `CANARY${name}`
  const owner = `${canary}-owner`
  const low = canary.toLowerCase()
  const made = await analytics.projects.create({
    slug: `${low}-slug`,
    name: `${canary} name`,
    owner,
    plan: `${canary}-plan`,
    allowed_origins: [`https://${low}.test`],
  })
  const account = await analytics.keys.account.create({ owner, name: `${canary} account` })
  await analytics.keys.create({ project_id: made.project.id, kind: 'rk', name: `${canary} key` })
  const jobId = randomUUID()
  await keys.insertJob({
    id: jobId,
    project_id: made.project.id,
    kind: 'forget',
    state: 'failed',
    counts: { [canary]: 1 },
    created_at: 0,
    finished_at: null,
    verified_at: null,
    error: canary,
  })
  const url = `https://${low}.test/${canary}?utm_source=${canary}&utm_medium=${canary}&utm_campaign=${canary}&utm_term=${canary}&utm_content=${canary}`
  const events = Array.from({ length: 20 }, (_, i) => ({
    event: i % 3 === 0 ? '$pageview' : `${canary} event`,
    event_id: `${canary}-id-${i}`,
    anonymous_id: `${canary}-anonymous-${i % 4}`,
    user_id: `${canary}-user`,
    session_id: `${canary}-session`,
    url,
    referrer: `https://${low}.example/${canary}`,
    properties: { [canary]: canary, plan: canary },
    ip: '203.0.113.7',
    // A browser: reports leave bots out.
    user_agent: `Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0 ${canary}`,
  }))
  await analytics.batch(events, { project: made.project.id })
  await analytics.identify(
    { anonymous_id: `${canary}-anonymous-0`, user_id: `${canary}-user`, traits: { [canary]: canary } },
    { project: made.project.id },
  )
  const keyIds = [...(await analytics.keys.list(made.project.id)), account.key].map(({ id }) => id)
  const { id, slug } = made.project
  const pin = { filters: { field: 'properties.plan', op: 'is', value: canary }, expires_in: '30d' } as const
  const { token: rt } = await analytics.tokens.create({ project: id, ...pin })
  const { token: narrow } = await analytics.tokens.create({ project: id, ...pin, metrics: ['count'] })
  const own = { ...made.keys, ak: account.secret, rt, narrow }
  return { name, canary, owner, id, slug, jobId, keyIds, keys: own }
}

export interface Asking extends RequestInit {
  method: string
  path: string
}

/** Asks and looks through everything that comes back for what belongs to somebody else. */
export async function look(
  analytics: Analytics,
  tenants: readonly Tenant[],
  own: Tenant,
  { method, path, ...init }: Asking,
): Promise<number> {
  const sent = `${path} ${String(init.body ?? '')}`.toLowerCase()
  const request = new Request(`http://host.test${path}`, { method, ...init })
  const answer = await analytics.handler(request, { ip: '198.51.100.1' })
  const back = `${await answer.text()} ${JSON.stringify([...answer.headers])}`.toLowerCase()
  for (const other of tenants) {
    if (other === own) continue
    // What the other one writes here is marked too: its newest rows hold no canary.
    const marks = [other.canary, `by-${other.name}`]
    const foreign = [...marks, other.id, other.jobId, ...other.keyIds, ...Object.values(other.keys)]
    // What the asker sent itself (an id, a slug) may be named in the error.
    const found = foreign
      .map((text) => text.toLowerCase())
      .filter((text) => back.includes(text) && !sent.includes(text))
    const plain = other.canary.toLowerCase()
    const counted = (text: string): number => text.split(plain).length - 1
    if (found.length > 0 || counted(back) > counted(sent)) {
      throw new Error(
        `${own.name} saw ${other.name} at ${method} ${path}: ${answer.status} ${back.slice(0, 300)}`,
      )
    }
  }
  return answer.status
}

/** Every way in that a tenant has. */
export function doors({ keys: own, owner, canary }: Tenant): [string, Record<string, string>][] {
  const origin = `https://${canary.toLowerCase()}.test`
  return [
    ['pk', { authorization: `Bearer ${own.pk}`, origin }],
    ['sk', { authorization: `Bearer ${own.sk}` }],
    ['rk', { authorization: `Bearer ${own.rk}` }],
    ['ak', { authorization: `Bearer ${own.ak}` }],
    ['rt', { authorization: `Bearer ${own.rt}`, origin }],
    ['narrow rt', { authorization: `Bearer ${own.narrow}` }],
    ['session', { authorization: `session ${owner}` }],
    ['none', {}],
  ]
}
