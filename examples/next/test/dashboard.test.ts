import { describe, expect, it } from 'vitest'
import { axisOf } from '../lib/dashboard/axis'
import { changeOf, countryName, duration, showValue, titleOf } from '../lib/dashboard/format'
import { hrefOf, questionOf, readView } from '../lib/dashboard/view'

const NOW = Date.UTC(2026, 4, 16, 19, 23, 7)

describe('the address of the dashboard', () => {
  it('leaves what it does not know at the default', () => {
    const plain = { range: '30d', zone: undefined, metric: 'people', filters: {} }
    expect(readView({})).toEqual(plain)
    const odd = {
      range: 'constructor',
      timezone: 'Mars/Base',
      metric: 'luck',
      colour: 'red',
      source: ['a', 'b'],
    }
    expect(readView(odd)).toEqual(plain)
  })

  it('reads what it writes', () => {
    const search = '?range=7d&timezone=Asia%2FTokyo&metric=bounce_rate&source=a%26b&path=%2F'
    const view = readView(Object.fromEntries(new URLSearchParams(search)))
    expect(view.filters).toEqual({ source: 'a&b', path: '/' })
    expect(hrefOf(view, {})).toBe(`/dashboard${search}`)
    expect(hrefOf(view, { range: '30d', zone: undefined, metric: 'people', filters: {} })).toBe('/dashboard')
  })

  it('asks up to the end of the hour, for each filter a condition', () => {
    const to = Date.UTC(2026, 4, 16, 20)
    expect(questionOf(readView({ source: '', timezone: 'Asia/Tokyo' }), NOW)).toEqual({
      ...{ from: '30d', to, timezone: 'Asia/Tokyo' },
      filters: [{ field: 'source', op: 'is', value: '' }],
    })
    expect(questionOf(readView({ range: '24h' }), NOW)).toEqual({ from: to - 86_400_000, to, filters: [] })
    // A full hour has just begun: its events belong to the range.
    expect(questionOf(readView({}), to).to).toBe(to + 3_600_000)
  })
})

describe('the axis of the series', () => {
  it.each([
    ['people', 131, [0, 50, 100, 150]],
    ['people', 0, [0, 1, 2, 3, 4]],
    ['bounce_rate', 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    ['conversion_rate', 0.041, [0, 0.01, 0.02, 0.03, 0.04, 0.05]],
    ['session_duration', 301, [0, 120, 240, 360]],
    ['session_duration', 0, [0, 60]],
  ] as const)('of %s up to %d has round lines', (metric, largest, lines) => {
    expect(axisOf(metric, largest)).toEqual(lines)
    expect(axisOf(metric, largest).at(-1)).toBeGreaterThanOrEqual(largest)
  })
})

describe('numbers for people', () => {
  it.each([
    [0, '0s'],
    [0.4, '0s'],
    [59.6, '1m'],
    [134, '2m 14s'],
    [3600, '1h'],
    [3601, '1h'],
    [273_600, '3d 4h'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text))

  it.each([
    ['people', 9999, '9,999'],
    ['people', 12_345, '12.3k'],
    ['bounce_rate', 0.4046, '40.5%'],
    ['session_duration', 100, '1m 40s'],
    ['conversion_rate', null, '–'],
  ] as const)('%s of %d is %s', (metric, value, text) =>
    // Versions of the locale data differ in k and K.
    expect(showValue(metric, value).toLowerCase()).toBe(text),
  )

  it.each([
    ['people', 120, 100, '+20%', 'up', 'good'],
    ['people', 80, 100, '−20%', 'down', 'bad'],
    ['people', 100.1, 100, '0%', 'same', 'neutral'],
    ['bounce_rate', 0.5, 0.4, '+10 pp', 'up', 'bad'],
    ['bounce_rate', 0.385, 0.4, '−1.5 pp', 'down', 'good'],
    ['conversion_rate', 0.02, 0, '+2 pp', 'up', 'good'],
  ] as const)('%s of %d after %d is %s', (metric, now, before, text, direction, mood) =>
    expect(changeOf(metric, now, before)).toEqual({ text, direction, mood }),
  )

  it('knows no change from nothing', () => {
    expect(changeOf('people', 5, 0)).toBeUndefined()
    expect(changeOf('bounce_rate', 0.5, null)).toBeUndefined()
    expect(changeOf('session_duration', null, 4)).toBeUndefined()
  })

  it('names countries and channels', () => {
    expect([countryName('DE'), countryName('')]).toEqual(['Germany', 'Unknown'])
    expect([titleOf('paid_search'), titleOf('ai'), titleOf('')]).toEqual(['Paid search', 'AI', 'Unknown'])
  })
})
