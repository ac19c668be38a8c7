import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as node from '../../src/crypto/node.js'
import { namePeppers, requirePepper } from '../../src/crypto/pepper.js'
import * as web from '../../src/crypto/web.js'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\ud800', 'a\udc00b', '\0', 'ü😀'),
)

describe('#crypto', () => {
  it('hashes alike on Node and on the web', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        expect(await web.sha256Hex(text)).toBe(await node.sha256Hex(text))
      }),
    )
    expect(await node.sha256Hex('abc')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  it('signs alike on Node and on the web', async () => {
    const key = fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((bytes) => Buffer.from(bytes).toString('hex'))
    await fc.assert(
      fc.asyncProperty(key, anyText, async (hex, text) => {
        expect(await web.hmacSha256Hex(hex, text)).toBe(await node.hmacSha256Hex(hex, text))
        expect(await web.hmacSha256Hex(hex.toUpperCase(), text)).toBe(await node.hmacSha256Hex(hex, text))
      }),
    )
    // RFC 4231, test case 2.
    const signed = await node.hmacSha256Hex('4a656665', 'what do ya want for nothing?')
    expect(signed).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  })

  it.each(['', 'a', 'zz', '0g', 'abc', ' ab', 'ab\n'])(
    'refuses %j as a key, which would sign weakly',
    (hex) => {
      expect(() => node.hmacSha256Hex(hex, 'x')).toThrow(TypeError)
      expect(() => web.hmacSha256Hex(hex, 'x')).toThrow(TypeError)
    },
  )

  it.each([
    ['', '', true],
    ['00ff', '00ff', true],
    ['00ff', '00fe', false],
    ['00ff', '00f', false],
    ['00ff', '00FF', false],
    ['00ff', '', false],
    ['a\u0000', 'a', false],
  ])('compares %j and %j: %s', (a, b, same) => {
    expect(node.constantTimeEqualHex(a, b)).toBe(same)
    expect(web.constantTimeEqualHex(a, b)).toBe(same)
  })

  it('makes random values of the same form, never twice', () => {
    for (const engine of [node, web]) {
      expect(engine.randomHex(4)).toMatch(/^[0-9a-f]{8}$/)
      expect(engine.randomBase64Url(32)).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(engine.randomUuid()).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
      const many = Array.from({ length: 2_000 }, () => engine.randomBase64Url(32))
      expect(new Set(many).size).toBe(2_000)
      expect(many.join('')).toMatch(/^[A-Za-z0-9_-]+$/)
      // All 64 letters turn up, so no replacement is missing.
      expect(new Set(many.join('')).size).toBe(64)
    }
  })
})

describe('pepper', () => {
  it.each([
    undefined,
    null,
    '',
    'short',
    'fifteen letters',
    7,
    {},
    { current: '' },
    { current: 'x'.repeat(16), previous: ['old'] },
  ])('refuses %j and says how to make one, without repeating it', (option) => {
    try {
      requirePepper(option as string)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_options' })
      expect(String(error)).toContain('openssl rand -hex 32')
      expect(String(error)).not.toContain('fifteen letters')
    }
  })

  it('is named by its hash, so that another one is recognised', async () => {
    const [current, previous] = await namePeppers(
      requirePepper({ current: 'c'.repeat(16), previous: ['p'.repeat(16)] }),
    )
    expect(current.id).toBe((await node.sha256Hex('c'.repeat(16))).slice(0, 12))
    expect(previous?.value).toBe('p'.repeat(16))
    expect(previous?.id).not.toBe(current.id)
  })
})
