import type { TokenClaims } from '@millimetric/schema/wire'
import { describe, expect, test, vi } from 'vitest'
import * as crypto from '#crypto'
import { createTokenSigner, LONGEST_TOKEN, parseToken } from '../../src/auth/read-token.js'
import type { Pepper } from '../../src/ports/key-store.js'
import { memoryKeys } from '../../src/stores/memory/memory-keys.js'
import { MALFORMED_KEYS } from './malformed-keys.js'

vi.mock(import('#crypto'), async (original) => {
  const real = await original()
  return {
    ...real,
    hmacSha256Hex: vi.fn(real.hmacSha256Hex),
    constantTimeEqualHex: vi.fn(real.constantTimeEqualHex),
  }
})

const CLAIMS: TokenClaims = {
  project: '6f2c1c1e-6f2c-4c1e-8c1e-6f2c1c1e6f2c',
  filters: [{ field: 'properties.customer', op: 'is', value: 'Zoë & Söhne – 株式会社' }],
  metrics: ['count'],
  expires_at: 1_778_958_000_000,
}
const signer = createTokenSigner({ keys: memoryKeys() })

async function makeToken(claims: TokenClaims = CLAIMS): Promise<string> {
  const token = await signer.sign('live', claims)
  if (token === undefined) throw new Error('too long')
  return token
}

function parsed(text: string): NonNullable<ReturnType<typeof parseToken>> {
  const token = parseToken(text)
  if (token === undefined) throw new Error(`not a token: ${text}`)
  return token
}

test('what was signed is read again, whatever characters it has, and can be read by anybody', async () => {
  const token = await makeToken()
  expect(token).toMatch(/^rt_live_1\.[0-9a-f]{12}\.[\w-]+\.[0-9a-f]{64}$/)
  expect(encodeURIComponent(token)).toBe(token)
  expect(await signer.read(parsed(token))).toEqual(CLAIMS)
  expect(JSON.parse(Buffer.from(token.split('.')[2] ?? '', 'base64url').toString())).toEqual(CLAIMS)
  expect(await signer.sign('test', CLAIMS)).toMatch(/^rt_test_1\./)
})

test('no changed character passes', async () => {
  const token = await makeToken()
  for (let at = 0; at < token.length; at++) {
    for (const other of ['A', '0', 'f', '.', '_', '-', 'live']) {
      const changed = token.slice(0, at) + other + token.slice(at + 1)
      if (changed === token) continue
      const form = parseToken(changed)
      if (form !== undefined) expect([changed, await signer.read(form)]).toEqual([changed, undefined])
    }
  }
  expect(await signer.read(parsed(token.replace('rt_live', 'rt_test')))).toBeUndefined()
})

test('the signature of one token does not fit the claims of another', async () => {
  const [mine, other] = [await makeToken(), await makeToken({ ...CLAIMS, project: 'other' })]
  const swapped = [...other.split('.').slice(0, 3), mine.split('.')[3]].join('.')
  expect(await signer.read(parsed(swapped))).toBeUndefined()
})

describe('what is no token', () => {
  const good = `rt_live_1.0123456789ab.e30.${'a'.repeat(64)}`
  test('the form itself', () => expect(parseToken(good)).toBeDefined())
  test.each([
    ...MALFORMED_KEYS,
    `sk_live_a1b2c3d4_${'a'.repeat(43)}`,
    `rt_live_a1b2c3d4_${'a'.repeat(43)}`,
    'rt_live_1',
    'rt_live_1...',
    good.replace('_1.', '_2.'),
    good.replace('live', 'prod'),
    good.replace('rt_', 'RT_'),
    good.replace('e30', ''),
    good.replace('e30', 'e30='),
    good.replace('e30', 'e3+'),
    good.replace('0123456789ab', ''),
    good.replace('0123456789ab', 'x'.repeat(65)),
    good.slice(0, -1),
    `${good}a`,
    `${good}\n`,
    ` ${good}`,
    `${good}.`,
    good.replace(/a{64}$/, 'A'.repeat(64)),
    good.replace('e30', 'a'.repeat(LONGEST_TOKEN)),
  ])('%#', (text) => expect(parseToken(text)).toBeUndefined())
})

test('a token is never longer than the limit: what does not fit is refused when it is made', async () => {
  const filled = (length: number): Promise<string | undefined> =>
    signer.sign('live', {
      ...CLAIMS,
      filters: { field: 'path', op: 'is', value: ['x'.repeat(length / 2), 'x'.repeat(length - length / 2)] },
    })
  let [fits, over] = [0, LONGEST_TOKEN]
  while (over - fits > 1) {
    const middle = Math.floor((fits + over) / 2)
    if ((await filled(middle)) === undefined) over = middle
    else fits = middle
  }
  expect(fits).toBeGreaterThan(2_500)
  const longest = (await filled(fits)) ?? ''
  expect(longest.length).toBeGreaterThan(LONGEST_TOKEN - 4)
  expect(longest.length).toBeLessThanOrEqual(LONGEST_TOKEN)
  expect(await signer.read(parsed(longest))).toBeDefined()
})

test('rotating the pepper: old tokens are good while the old pepper is there, and end with it', async () => {
  const peppers: Pepper[] = [{ id: 'old', value: 'the old pepper' }]
  const rotating = createTokenSigner({
    keys: { peppers: async () => [peppers[0] ?? { id: '', value: '' }, ...peppers.slice(1)] },
  })
  const token = (await rotating.sign('live', CLAIMS)) ?? ''
  peppers.unshift({ id: 'new', value: 'the new pepper' })
  expect(await rotating.read(parsed(token))).toEqual(CLAIMS)
  expect(await rotating.sign('live', CLAIMS)).toMatch(/^rt_live_1\.new\./)
  // The name of a pepper is no proof of it.
  expect(await rotating.read(parsed(token.replace('.old.', '.new.')))).toBeUndefined()
  peppers.pop()
  expect(await rotating.read(parsed(token))).toBeUndefined()
})

test('the key that stands in for unknown peppers signs nothing', async () => {
  const signed = (await makeToken()).replace(/\.[0-9a-f]{64}$/, '').replace(/_1\.\w+\./, '_1.000000000000.')
  const forged = `${signed}.${await crypto.hmacSha256Hex('0'.repeat(64), signed)}`
  expect(await signer.read(parsed(forged))).toBeUndefined()
})

test('the key that signs is not the hash of anything that is stored', async () => {
  const keys = memoryKeys()
  const [pepper] = await keys.peppers()
  vi.mocked(crypto.hmacSha256Hex).mockClear()
  await createTokenSigner({ keys }).sign('live', CLAIMS)
  const [key] = vi.mocked(crypto.hmacSha256Hex).mock.calls[0] ?? []
  expect(key).toMatch(/^[0-9a-f]{64}$/)
  expect(key).not.toBe(await crypto.sha256Hex(pepper.value))
  expect(key?.startsWith(pepper.id)).toBe(false)
})

test('an unknown pepper and a wrong signature cost the same: one signature, one comparison', async () => {
  const token = await makeToken()
  await signer.read(parsed(token))
  const cases = [
    token,
    token.replace(/[0-9a-f]{64}$/, 'a'.repeat(64)),
    token.replace(/_1\.\w+\./, '_1.000000000000.'),
  ]
  for (const text of cases) {
    vi.mocked(crypto.hmacSha256Hex).mockClear()
    vi.mocked(crypto.constantTimeEqualHex).mockClear()
    await signer.read(parsed(text))
    expect(
      vi.mocked(crypto.hmacSha256Hex).mock.calls.map(([key, signed]) => [key.length, signed.length]),
    ).toEqual([[64, token.length - 65]])
    expect(vi.mocked(crypto.constantTimeEqualHex)).toHaveBeenCalledTimes(1)
  }
})
