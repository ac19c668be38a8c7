import { expect, test } from 'vitest'
import { validateAllowedOrigin } from '../src/auth/origin.js'
import { parseUrl } from '../src/parse-url.js'

// Node 20 optimises URL.canParse after some thousand calls, and then it refuses letters beyond ASCII.
test('an address with an ö is an address, also the ten-thousandth time', () => {
  const hosts = Array.from({ length: 10_000 }, () => parseUrl('https://münchen.de/größe?q=é')?.host)
  expect(new Set(hosts)).toEqual(new Set(['xn--mnchen-3ya.de']))
  expect(parseUrl('no address')).toBeUndefined()
  expect(() => validateAllowedOrigin('https://münchen.de')).toThrow('xn--mnchen-3ya')
})
