import { asksEvents, byKey, byUser, type Cause, ingests, takesToken } from './cause.js'
import { away, ORIGIN_ELSEWHERE } from './route-bench.js'

const KEYS_OF_NOBODY = { authorization: `Bearer sk_live_00000000_${'A'.repeat(43)}` }

const keys: Cause[] = [
  {
    name: 'no key',
    answer: 'missing_bearer_token',
    of: byKey,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'none' }),
  },
  {
    name: 'what is no key',
    answer: 'malformed_api_key',
    of: byKey,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { authorization: 'Bearer nonsense' } }),
  },
  {
    name: 'a key of nobody',
    answer: 'invalid_api_key',
    of: byKey,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: KEYS_OF_NOBODY }),
  },
  {
    name: 'a key that calls itself another kind',
    answer: 'key_kind_mismatch',
    of: byKey,
    ask: ({ healthy }, route) =>
      healthy.ask(route, {
        headers: { authorization: `Bearer ${healthy.own.keys.sk.replace('sk_', 'rk_')}` },
      }),
  },
  {
    name: 'a token that is over',
    answer: 'token_expired',
    of: takesToken,
    ask: async ({ healthy }, route) => {
      const filters = { field: 'path', op: 'is', value: '/' } as const
      const made = { filters, project: healthy.own.id, expires_in: 1 }
      const { token } = await healthy.analytics.tokens.create(made)
      return await healthy.later(1_000, () =>
        healthy.ask(route, { headers: { authorization: `Bearer ${token}` } }),
      )
    },
  },
  {
    name: 'a key that may read, where events come in',
    answer: 'insufficient_scope',
    of: ingests,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'rk' }),
  },
  {
    name: 'a public key, where questions are answered',
    answer: 'insufficient_scope',
    of: asksEvents,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk' }),
  },
  {
    name: 'a public key from elsewhere',
    answer: 'origin_not_allowed',
    of: ingests,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk', headers: { origin: ORIGIN_ELSEWHERE } }),
  },
  {
    name: 'a token from elsewhere',
    answer: 'origin_not_allowed',
    of: takesToken,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'rt', headers: { origin: ORIGIN_ELSEWHERE } }),
  },
  {
    name: 'a token for single metrics, where a report is asked for',
    answer: 'insufficient_scope',
    of: (route) => takesToken(route) && route.path !== '/v1/stats',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'narrow' }),
  },
  {
    name: 'a key that is not secret, where it must be: erasure',
    answer: 'forget_requires_secret_key',
    of: (route) => route.by === 'key' && route.secretOnly === 'forget_requires_secret_key',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk' }),
  },
  {
    name: 'a key that is not secret, where it must be',
    answer: 'key_kind_not_allowed',
    of: (route) => route.by === 'key' && route.secretOnly === 'key_kind_not_allowed',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'rk' }),
  },
  {
    name: 'an unknown key while the key store is away',
    answer: 'storage_unavailable',
    of: byKey,
    ask: ({ healthy }, route) =>
      healthy.broken(away, () =>
        healthy.ask(route, { headers: { authorization: `Bearer sk_live_00000001_${'A'.repeat(43)}` } }),
      ),
  },
]

const users: Cause[] = [
  {
    name: 'no session',
    answer: 'invalid_session',
    of: byUser,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'none' }),
  },
  {
    name: 'a key, where only sessions are taken',
    answer: 'invalid_session',
    of: (route) => route.by === 'user' && route.keys === 'none',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'ak' }),
  },
  {
    name: 'a key of nobody, where keys are taken too',
    answer: 'invalid_api_key',
    of: (route) => route.by === 'user' && route.keys !== 'none',
    ask: ({ healthy }, route) => healthy.ask(route, { headers: KEYS_OF_NOBODY }),
  },
  {
    name: 'a key that may not, where keys are taken too',
    answer: 'insufficient_scope',
    of: (route) => route.by === 'user' && route.keys !== 'none',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk', headers: { origin: healthy.server.url } }),
  },
  {
    name: 'a page of elsewhere',
    answer: 'origin_not_allowed',
    of: byUser,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { origin: ORIGIN_ELSEWHERE } }),
  },
  {
    name: 'a login that is down',
    answer: 'internal_error',
    of: byUser,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { authorization: 'session broken' } }),
  },
  {
    name: 'no login of the host',
    answer: 'not_found',
    // Where another method of the path takes keys, the path exists.
    of: (route) => route.by === 'user' && /\/keys/.test(route.path),
    ask: ({ bare }, route) => bare.ask(route),
  },
  {
    name: 'a wrong secret of the scheduler',
    answer: 'invalid_internal_secret',
    of: ({ by }) => by === 'internal',
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { 'x-internal-secret': 'wrong' } }),
  },
  {
    name: 'no secret of the scheduler',
    answer: 'not_found',
    of: ({ by }) => by === 'internal',
    ask: ({ bare }, route) => bare.ask(route),
  },
]

/** About who asks: with keys, tokens, sessions and the secret of the scheduler. */
export const KEY_CAUSES: readonly Cause[] = [...keys, ...users]
