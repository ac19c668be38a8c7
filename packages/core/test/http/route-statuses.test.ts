import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LIMITED_ROUTES } from '../../src/auth/rate-limit.js'
import { ERROR_STATUS } from '../../src/errors.js'
import { EVENTS } from '../isolation/tenants.js'
import { ALL_ROUTES, nameOf, OPEN_PATHS } from './all-routes.js'
import type { Benches } from './cause.js'
import { CAUSES, MOST_WAITING } from './causes.js'
import { openRouteBench, type RouteBench, validRequest } from './route-bench.js'

const QUESTION = '200 204 400 401 403 404 405 422 429 499 500 503'
const POSTED_QUESTION = '200 204 400 401 403 404 405 408 413 415 422 429 499 500 503'
const READ_BY_USER = '200 204 400 401 403 404 405 499 500 503'

/** Every status that a route can answer, 408 and 499 among them although nobody may be there to read them. */
const ANSWERS: Readonly<Record<string, string>> = {
  'POST /v1/track': '202 204 400 401 403 405 408 413 415 429 499 500 503',
  'POST /v1/batch': '202 204 400 401 403 405 408 413 415 429 499 500 503',
  'POST /v1/identify': '200 204 400 401 403 405 408 413 415 429 499 500 503',
  'GET /v1/query': QUESTION,
  'GET /v1/stats': QUESTION,
  'POST /v1/stats': POSTED_QUESTION,
  'GET /v1/sources': QUESTION,
  'POST /v1/attribution': POSTED_QUESTION,
  'GET /v1/live': QUESTION,
  'GET /v1/person': QUESTION,
  'POST /v1/funnel': POSTED_QUESTION,
  'POST /v1/cohorts': POSTED_QUESTION,
  'POST /v1/paths': POSTED_QUESTION,
  'GET /v1/schema': QUESTION,
  'GET /v1/export': QUESTION,
  'POST /v1/tokens': '201 204 400 401 403 404 405 408 413 415 499 500 503',
  'POST /v1/forget': '200 204 400 401 403 405 408 413 415 429 499 500 503',
  'GET /v1/jobs/:id': '200 204 401 403 404 405 499 500 503',
  'POST /internal/retention/run': '200 204 401 404 405 499 500 503',
  'GET /v1/projects': '200 204 400 401 403 405 499 500 503',
  'POST /v1/projects': '201 204 400 401 403 405 408 409 413 415 499 500 503',
  'GET /v1/projects/:id': READ_BY_USER,
  'POST /v1/projects/:id': '200 204 400 401 403 404 405 408 409 413 415 499 500 503',
  'GET /v1/projects/:id/keys': READ_BY_USER,
  'POST /v1/projects/:id/keys': '201 204 400 401 403 404 405 408 413 415 499 500 503',
  'POST /v1/projects/:id/keys/:key/rotate': '201 204 400 401 403 404 405 408 409 413 415 499 500 503',
  'DELETE /v1/projects/:id/keys/:key': READ_BY_USER,
  'GET /v1/account/keys': READ_BY_USER,
  'POST /v1/account/keys': '201 204 400 401 403 404 405 408 413 415 499 500 503',
  'POST /v1/account/keys/:key/rotate': '201 204 400 401 403 404 405 408 409 413 415 499 500 503',
  'DELETE /v1/account/keys/:key': READ_BY_USER,
  'GET /v1/usage': READ_BY_USER,
}

// Nothing more is to come on such a connection.
const CLOSES = new Set(['shutting_down', 'request_timeout'])

let benches: Benches
const opened: RouteBench[] = []

async function open(...options: Parameters<typeof openRouteBench>): Promise<RouteBench> {
  const bench = await openRouteBench(...options)
  opened.push(bench)
  return bench
}

beforeAll(async () => {
  const limits = LIMITED_ROUTES.map((name) => [name, { rate: 0.001, burst: 1 }])
  benches = {
    healthy: await open({ rateLimits: { track: null, batch: null } }),
    limited: await open({ rateLimits: Object.fromEntries(limits) }),
    full: await open({ plans: { 'CANARYamber-plan': { eventsPerMonth: EVENTS + 1 } } }),
    bare: await open({}, {}),
    draining: await open(),
    impatient: await open({ bodyTimeoutMs: 100 }),
    overloaded: await open({
      delivery: { flushIntervalMs: 0, retryDelaysMs: [], flushRows: MOST_WAITING, maxWaiting: MOST_WAITING },
    }),
  }
  await benches.draining.analytics.close()
})
afterAll(async () => {
  for (const bench of opened) await bench.close()
})

it('every route says what it can answer', () => {
  expect(Object.keys(ANSWERS).sort()).toEqual(ALL_ROUTES.map(nameOf).sort())
})

describe.each(ALL_ROUTES)('$method $path', (route) => {
  it('answers each status that it can, with its code, over a socket', async () => {
    const { own } = benches.healthy
    const valid = { name: 'what is asked', answer: validRequest(route, own).status ?? 200 }
    const answered: [string, unknown][] = [[valid.name, (await benches.healthy.ask(route)).status]]
    const expected: [string, unknown][] = [[valid.name, valid.answer]]
    for (const { name, answer, of, ask } of CAUSES) {
      if (!of(route)) continue
      const { status, text, body, headers } = await ask(benches, route)
      if (CLOSES.has(body?.error)) expect([name, headers.get('connection')]).toEqual([name, 'close'])
      answered.push([name, typeof answer === 'number' ? status : body?.error], [name, status])
      expected.push([name, answer], [name, typeof answer === 'number' ? answer : statusOf(answer)])
      // What our stores and the host's login say is for the log.
      expect(text).not.toContain('.internal')
    }
    const wrong = answered.filter(([, got], at) => got !== expected[at]?.[1])
    expect([wrong, expected.filter(([, want], at) => want !== answered[at]?.[1])]).toEqual([[], []])
    const statuses = new Set(answered.flatMap(([, status]) => (typeof status === 'number' ? [status] : [])))
    expect([...statuses].sort().join(' ')).toBe(ANSWERS[nameOf(route)])
  })
})

function statusOf(code: string): number | undefined {
  return new Map<string, number>(Object.entries(ERROR_STATUS)).get(code)
}

describe.each(OPEN_PATHS)('GET %s', (path) => {
  it('answers everybody, and nothing but GET and HEAD', async () => {
    const { server } = benches.healthy
    const statuses: [string, number][] = []
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH']) {
      const { status, headers } = await server.ask(method, path)
      statuses.push([method, status])
      if (status === 405) expect(headers.get('allow')).toContain('GET')
    }
    expect(statuses).toEqual([
      ['GET', 200],
      ['HEAD', 200],
      ...['OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH'].map((method) => [method, 405]),
    ])
  })
})
