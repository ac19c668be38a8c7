import type { Door, Tenant } from './tenants.js'

/** A request that is answered when all it names is the asker's own. */
export interface Asked {
  by: Door
  /** Parts of the path by name. */
  params?: Readonly<Record<string, string>>
  query?: Readonly<Record<string, string>>
  body?: object
  /** 200 when absent. */
  status?: number
}

export interface RouteRequests {
  /** Why no answer holds text of the project; when absent, every one must show a mark of the asker. */
  mute?: string
  /** What it says at least, where it is mute. */
  says?: RegExp
  /** What is sent is kept, so that it holds no canary: it would be found again as the sender's own. */
  keeps?: boolean
  /** Requests of `own` that name what belongs to `named`. */
  of(own: Tenant, named: Tenant): readonly Asked[]
}

let made = 0

const EVENT_ID = 'an id is the sender’s own, a status is no text of the project'
const KEY_PATHS = '/v1/projects/:id/keys/:key'

/** Valid requests by route. Whoever adds a route adds some of its own here. */
export const REQUESTS: Readonly<Record<string, RouteRequests>> = {
  'POST /v1/track': {
    mute: EVENT_ID,
    keeps: true,
    of: (own, named) =>
      (['sk', 'pk'] as const).map((by) => ({
        by,
        query: { project_id: named.id, project_slug: named.slug },
        body: { ...eventOf(own, named), project_id: named.id },
        status: 202,
      })),
  },
  'POST /v1/batch': {
    mute: EVENT_ID,
    keeps: true,
    of: (own, named) =>
      (['sk', 'pk'] as const).map((by) => ({
        by,
        query: { project_id: named.id },
        body: { events: [eventOf(own, named), { ...eventOf(own, named), project_id: named.id }] },
        status: 202,
      })),
  },
  'POST /v1/identify': {
    mute: EVENT_ID,
    keeps: true,
    of: (own, named) => [
      {
        by: 'sk',
        query: { project_id: named.id },
        body: {
          anonymous_id: `guess-${named.name}-anonymous-0`,
          user_id: `guess-${named.name}-user`,
          traits: { by: own.name },
        },
      },
    ],
  },
  'GET /v1/query': {
    of: (_own, named) => [
      { by: 'rk', query: { range: '7d', limit: '5' } },
      { by: 'sk', query: { range: '7d', limit: '5', cursor: named.cursors.query } },
      { by: 'ak', query: { project_id: named.id, range: '7d', limit: '5' } },
      { by: 'ak', query: { project_slug: named.slug, range: '7d', limit: '2', filters: isUser(named) } },
      {
        by: 'rk',
        query: {
          range: '7d',
          event: `${named.canary}-event`,
          source: `${named.canary.toLowerCase()}-source`,
        },
      },
      { by: 'rt', query: { range: '7d', limit: '5', user_id: `${named.canary}-user` } },
    ],
  },
  'GET /v1/stats': {
    of: (_own, named) => [
      { by: 'rk', query: { range: '7d', group_by: 'source,path', project_id: named.id } },
      { by: 'rt', query: { range: '7d', group_by: 'user_id,properties.plan', metrics: 'count,people' } },
      { by: 'sk', query: { range: '7d', group_by: 'source', metric: 'sessions', filters: hasDone(named) } },
      { by: 'narrow', query: { range: '7d', group_by: 'path', totals: 'true' } },
      { by: 'rt', query: { range: '7d', group_by: `properties.${named.canary}-key`, totals: 'true' } },
      { by: 'ak', query: { project_id: named.id, range: '7d', group_by: 'campaign', interval: 'day' } },
    ],
  },
  'POST /v1/stats': {
    of: (_own, named) => [
      {
        by: 'rk',
        query: { project_id: named.id },
        body: {
          range: '7d',
          metrics: ['count', 'uniques', 'people', 'sessions', 'conversion_rate'],
          group_by: ['source'],
          goal: { event: `${named.canary}-event` },
          totals: true,
        },
      },
      {
        by: 'rt',
        body: { range: '7d', metrics: ['count'], group_by: ['path', 'user_id'], filters: notUser(named) },
      },
      {
        by: 'ak',
        query: { project_slug: named.slug },
        body: { range: '7d', group_by: ['campaign'], compare: 'previous_period', other: true, limit: 1 },
      },
    ],
  },
  'GET /v1/sources': {
    of: (_own, named) => [
      { by: 'rk', query: { range: '7d', project_slug: named.slug } },
      { by: 'rt', query: { range: '7d', breakdown: 'source', filters: hasDone(named) } },
      { by: 'ak', query: { range: '7d', project_id: named.id, user_id: `${named.canary}-user` } },
    ],
  },
  'POST /v1/attribution': {
    of: (_own, named) => [
      { by: 'rk', query: { project_id: named.id }, body: { range: '7d', conversion: conversionOf(named) } },
      {
        by: 'rt',
        body: {
          range: '7d',
          conversion: conversionOf(named),
          model: 'linear',
          group_by: ['campaign', 'channel'],
        },
      },
    ],
  },
  'GET /v1/live': {
    of: (_own, named) => [
      { by: 'rk', query: { minutes: '30', project_id: named.id } },
      { by: 'rt', query: { minutes: '30', filters: isUser(named) } },
      {
        by: 'ak',
        query: { minutes: '30', project_slug: named.slug, source: `${named.canary.toLowerCase()}-source` },
      },
    ],
  },
  'GET /v1/person': {
    of: (_own, named) => [
      { by: 'rk', query: { user_id: `${named.canary}-user`, limit: '4' } },
      { by: 'sk', query: { anonymous_id: `${named.canary}-anonymous-0`, limit: '4' } },
      {
        by: 'rk',
        query: { user_id: `${named.canary}-user`, limit: '4', cursor: named.cursors.person },
      },
      { by: 'rt', query: { user_id: `${named.canary}-user`, limit: '4', project_id: named.id } },
    ],
  },
  'POST /v1/funnel': {
    of: (_own, named) => [
      {
        by: 'rk',
        query: { project_id: named.id },
        body: { range: '7d', steps: stepsOf(named), group_by: 'first_touch.source' },
      },
      {
        by: 'rt',
        body: { range: '7d', steps: stepsOf(named), scope: 'session', group_by: 'properties.plan' },
      },
    ],
  },
  'POST /v1/cohorts': {
    mute: 'it holds dates and numbers only',
    says: /"size":[1-9]/,
    of: (_own, named) => [
      {
        by: 'rk',
        query: { project_id: named.id },
        body: { range: '7d', interval: 'day', periods: 2, start: conversionOf(named) },
      },
      { by: 'rt', body: { range: '7d', start: conversionOf(named), return: { event: '$pageview' } } },
    ],
  },
  'POST /v1/paths': {
    of: (_own, named) => [
      { by: 'rk', query: { project_id: named.id }, body: { range: '7d', include_events: true } },
      { by: 'sk', body: { range: '7d', from_page: `/${named.canary}-path`, include_events: true } },
      {
        by: 'rt',
        body: { range: '7d', start: conversionOf(named), direction: 'backward', include_events: true },
      },
    ],
  },
  'GET /v1/schema': {
    of: (_own, named) => [
      { by: 'rk', query: { range: '7d', project_id: named.id } },
      { by: 'rt', query: { filters: isUser(named), limit: '5', properties_limit: '3' } },
    ],
  },
  'GET /v1/export': {
    of: (_own, named) => [
      { by: 'rk', query: { range: '7d', project_id: named.id } },
      { by: 'rt', query: { range: '7d', format: 'csv', filters: isUser(named) } },
    ],
  },
  'POST /v1/tokens': {
    of: (own, named) => [
      {
        by: 'sk',
        query: { project_slug: named.slug },
        // Signed, not hidden: the id of the project is in it.
        body: { filters: { field: 'user_id', op: 'is', value: `guess-${own.name}` }, expires_in: '1h' },
        status: 201,
      },
    ],
  },
  'POST /v1/forget': {
    mute: 'it holds the id of a new job only',
    keeps: true,
    of: (_own, named) => [{ by: 'sk', body: { user_id: `${named.canary}-gone` } }],
  },
  'GET /v1/jobs/:id': {
    of: (_own, named) => named.jobIds.map((id) => ({ by: 'sk', params: { id } })),
  },
  'POST /internal/retention/run': {
    mute: 'the scheduler is the host’s, and is told how much went',
    of: () => [{ by: 'host' }],
  },
  'GET /v1/projects': { of: () => [{ by: 'session' }, { by: 'ak' }] },
  'POST /v1/projects': {
    keeps: true,
    of: (own) => [{ by: 'session', body: { slug: `new-${made++}`, name: `by-${own.name}` }, status: 201 }],
  },
  'GET /v1/projects/:id': {
    of: (_own, named) => [
      { by: 'session', params: { id: named.id } },
      { by: 'ak', params: { id: named.slug } },
    ],
  },
  'POST /v1/projects/:id': {
    keeps: true,
    of: (_own, named) => [
      { by: 'session', params: { id: named.id }, body: { timezone: 'UTC' } },
      { by: 'session', params: { id: named.slug }, body: { retention_days: null } },
    ],
  },
  'GET /v1/projects/:id/keys': {
    of: (_own, named) => [
      { by: 'session', params: { id: named.id } },
      { by: 'session', params: { id: named.slug } },
    ],
  },
  'POST /v1/projects/:id/keys': {
    keeps: true,
    of: (own, named) => [
      {
        by: 'session',
        params: { id: named.slug },
        body: { kind: 'rk', name: `by-${own.name}` },
        status: 201,
      },
    ],
  },
  [`POST ${KEY_PATHS}/rotate`]: {
    of: (_own, named) => [
      {
        by: 'session',
        params: { id: named.id, key: named.keyIds[1] },
        body: { overlap_s: 86_400 },
        status: 201,
      },
    ],
  },
  [`DELETE ${KEY_PATHS}`]: {
    of: (_own, named) => [{ by: 'session', params: { id: named.slug, key: named.keyIds[2] } }],
  },
  'GET /v1/account/keys': { of: () => [{ by: 'session' }] },
  'POST /v1/account/keys': {
    keeps: true,
    of: (own) => [{ by: 'session', body: { name: `by-${own.name}` }, status: 201 }],
  },
  'POST /v1/account/keys/:key/rotate': {
    of: (_own, named) => [
      { by: 'session', params: { key: named.accountKeyIds[0] }, body: { overlap_s: 86_400 }, status: 201 },
    ],
  },
  'DELETE /v1/account/keys/:key': {
    of: (_own, named) => [{ by: 'session', params: { key: named.accountKeyIds[1] } }],
  },
  'GET /v1/usage': {
    of: (_own, named) => [
      { by: 'session', query: { project_id: named.id } },
      { by: 'ak' },
      { by: 'rk', query: { project_slug: named.slug } },
    ],
  },
  'GET /healthz': { mute: 'it knows no project', of: () => [{ by: 'none' }] },
  'GET /v1/a.js': { mute: 'it knows no project', of: () => [{ by: 'none' }] },
}

function eventOf(own: Tenant, named: Tenant): object {
  return {
    event: `by-${own.name}`,
    event_id: `guess-${named.name}-${made++}`,
    anonymous_id: `guess-${named.name}-anonymous-0`,
    user_id: `guess-${named.name}-user`,
  }
}

function conversionOf({ canary }: Tenant): { event: string } {
  return { event: `${canary}-event` }
}

function stepsOf(named: Tenant): object[] {
  return [{ event: '$pageview' }, conversionOf(named)]
}

function isUser({ canary }: Tenant): string {
  return JSON.stringify({ field: 'user_id', op: 'is', value: `${canary}-user` })
}

function notUser({ canary }: Tenant): object {
  return { field: 'user_id', op: 'is_not', value: `${canary}-gone` }
}

function hasDone(named: Tenant): string {
  return JSON.stringify({ has_done: conversionOf(named) })
}
