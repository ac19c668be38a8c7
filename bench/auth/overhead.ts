import type { Analytics } from '../../packages/core/src/api.js'
import type { KeyPrincipal } from '../../packages/core/src/auth/principal.js'
import { createRateLimiter } from '../../packages/core/src/auth/rate-limit.js'
import { createHandler, type Handler } from '../../packages/core/src/http/handler.js'
import { memoryRateLimits } from '../../packages/core/src/stores/memory/memory-rate-limits.js'
import { figure } from '../measure/figures.js'
import { costOf, median } from '../measure/race.js'

// Many short turns: a collection of garbage falls into one of them and not into the median.
const ROUNDS = 101
const WARM = 30
const REQUESTS = 300
const HOST = 'https://shop.example'

/** Microseconds of processor time that a request with a cached public key and an origin takes more than one without any authentication. */
export async function measureOverhead(analytics: Analytics): Promise<void> {
  const bare = withoutAuthentication()
  for (const [slug, origins] of [
    ['one-origin', [HOST]],
    ['hundred-origins', [...Array.from({ length: 99 }, (_, i) => `https://${i}.shop.example`), HOST]],
    [
      'hundred-wildcards',
      [...Array.from({ length: 99 }, (_, i) => `https://*.${i}.example`), 'https://*.example.test'],
    ],
  ] as const) {
    const { keys } = await analytics.projects.create({ slug, allowed_origins: origins })
    const origin = (origins.at(-1) ?? '').replace('*', 'a.b')
    const headers = { authorization: `Bearer ${keys.pk}`, origin }
    const differences: number[] = []
    for (let round = -WARM; round < ROUNDS; round++) {
      const [first, second] =
        round % 2 === 0
          ? [await timeOf(analytics.handler, headers), await timeOf(bare, {})]
          : [await timeOf(bare, {}), await timeOf(analytics.handler, headers)]
      if (round >= 0) differences.push(round % 2 === 0 ? first - second : second - first)
    }
    figure(
      `authentication and CORS of a request, cached public key, ${slug}`,
      median(differences),
      { atMost: 25 },
      ' µs',
    )
  }
}

/** Every request is answered 400, which is where authentication ends and storing begins. */
async function timeOf(handler: Handler, headers: Record<string, string>): Promise<number> {
  const requests = Array.from(
    { length: REQUESTS },
    () => new Request('http://host.test/v1/batch', { method: 'POST', headers, body: '{}' }),
  )
  const { cpu } = await costOf(async () => {
    for (const request of requests) {
      const { status } = await handler(request)
      if (status !== 400) throw new Error(`The request was answered ${status}.`)
    }
  })
  return (cpu * 1000) / REQUESTS
}

/** The same handler, for which everybody is somebody. */
function withoutAuthentication(): Handler {
  const project = {
    id: '00000000-0000-4000-8000-000000000000',
    slug: 'p',
    name: 'p',
    owner: null,
    allowed_origins: [],
    retention_days: null,
    timezone: 'UTC',
    plan: 'default',
    created_at: 0,
  }
  const scopes = ['ingest'] as const
  const principal: KeyPrincipal = { kind: 'key', key_kind: 'sk', key_id: '', prefix: '', scopes, project }
  const clock = Date.now
  const onDiagnostic = (): void => {}
  return createHandler({
    authenticator: {
      authenticate: async () => principal,
      authenticateAccount: unused,
      invalidate: unused,
      invalidateProject: unused,
      invalidateAll: unused,
      flushUsed: unused,
    },
    limiter: createRateLimiter({
      limits: { batch: null },
      store: undefined,
      local: memoryRateLimits(),
      clock,
      onDiagnostic,
    }),
    anyOrigin: unused,
    adminOrigin: unused,
    basePath: '',
    authenticateUser: undefined,
    extensions: [],
    internalSecret: undefined,
    trustedProxies: 0,
    maxBodyBytes: 1_048_576,
    bodyTimeoutMs: 10_000,
    onDiagnostic,
    get ingestDeps() {
      return unused()
    },
    get queryDeps() {
      return unused()
    },
    get tokenDeps() {
      return unused()
    },
    get control() {
      return unused()
    },
    get privacy() {
      return unused()
    },
  })
}

function unused(): never {
  throw new Error('No request of this bench comes here.')
}
