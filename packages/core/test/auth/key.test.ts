import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashSecret, mintKey, parseKey } from '../../src/auth/key.js'
import { MALFORMED_KEYS } from './malformed-keys.js'

const kind = fc.constantFrom('pk', 'sk', 'rk', 'ak')
const env = fc.constantFrom('live', 'test')
const base64Url = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-')
const secret = fc.array(base64Url, { minLength: 43, maxLength: 43 }).map((letters) => letters.join(''))
const prefix = fc
  .uint8Array({ minLength: 4, maxLength: 4 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))

describe('key', () => {
  it('parses what it mints', () => {
    fc.assert(
      fc.property(kind, env, (someKind, someEnv) => {
        const { parsed, text } = mintKey(someKind, someEnv)
        expect(parseKey(text)).toEqual(parsed)
        expect(parsed).toMatchObject({ kind: someKind, env: someEnv })
      }),
    )
  })

  it('takes secrets with any number of underscores and hyphens apart rightly', () => {
    fc.assert(
      fc.property(kind, env, prefix, secret, (k, e, p, s) => {
        expect(parseKey(`${k}_${e}_${p}_${s}`)).toEqual({ kind: k, env: e, prefix: p, secret: s })
      }),
    )
    expect(parseKey(`pk_live_00000000_${'_'.repeat(43)}`)?.secret).toBe('_'.repeat(43))
  })

  it('accepts no text that is not exactly its own parts', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ minLength: 60, maxLength: 60 })), (text) => {
        const parsed = parseKey(text)
        if (parsed !== undefined) {
          expect(`${parsed.kind}_${parsed.env}_${parsed.prefix}_${parsed.secret}`).toBe(text)
        }
      }),
    )
  })

  it.each(MALFORMED_KEYS.map((text) => [text.length > 80 ? `${text.length} characters` : text, text]))(
    'refuses %j',
    (_label, text) => {
      expect(parseKey(text)).toBeUndefined()
    },
  )

  it('hashes secret and pepper as documented', async () => {
    const hash = await hashSecret('abc', { id: 'x', value: 'def' })
    expect(hash).toBe('bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721')
  })

  it('never mints a prefix or secret of the wrong length, whatever the random bytes', () => {
    for (let i = 0; i < 5_000; i++) expect(mintKey('pk', 'live').text).toHaveLength(60)
  })
})
