import { expect, test } from 'vitest'

test('on a server the import touches nothing and every call does nothing', async () => {
  expect(typeof window).toBe('undefined')
  const sdk = await import('../src/index.js')
  const names = ['init', 'track', 'identify', 'page', 'reset', 'flush', 'optOut', 'optIn', 'getAnonymousId']
  expect(Object.keys(sdk).sort()).toEqual([...names, 'setAnonymousId'].sort())
  sdk.init({ key: 'pk_test_1' })
  sdk.track('x')
  sdk.identify('ada')
  sdk.page()
  sdk.optOut()
  sdk.optIn()
  sdk.reset()
  sdk.setAnonymousId('u_1')
  await sdk.flush()
  expect(sdk.getAnonymousId()).toBeNull()
})
