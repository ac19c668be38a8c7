import { describe, expect, it } from 'vitest'
import { parseLogLine } from '../src/combined-log.js'
import { SiteGuess, toEvent } from '../src/to-event.js'

const LINE =
  '192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a?b=1 HTTP/1.1" 200 203023 "http://x.example/" "Mozilla/5.0"'

describe('parseLogLine', () => {
  it('reads a line of the combined format', () => {
    expect(parseLogLine(LINE)).toEqual({
      host: '192.0.2.1',
      time: Date.UTC(2015, 4, 17, 10, 5, 3),
      method: 'GET',
      target: '/a?b=1',
      status: 200,
      bytes: 203_023,
      referrer: 'http://x.example/',
      userAgent: 'Mozilla/5.0',
    })
  })

  it.each([
    ['no closing quote', LINE.slice(0, -1), { userAgent: 'Mozilla/5.0' }],
    ['no user agent', LINE.replace(' "Mozilla/5.0"', ''), { userAgent: '', referrer: 'http://x.example/' }],
    [
      'the common format',
      LINE.slice(0, LINE.indexOf(' "http')),
      { userAgent: '', referrer: '', bytes: 203_023 },
    ],
    ['dashes', LINE.replace('203023', '-').replace('http://x.example/', '-'), { bytes: 0, referrer: '' }],
    ['fields after the user agent', `${LINE} "192.0.2.7" 0.003`, { userAgent: 'Mozilla/5.0' }],
    ['a user name', LINE.replace('- -', '- ada lovelace'), { host: '192.0.2.1' }],
    ['a time zone', LINE.replace('+0000', '-0330'), { time: Date.UTC(2015, 4, 17, 13, 35, 3) }],
    ['an escaped quote', LINE.replace('Mozilla/5.0', 'a \\"b\\" \\\\'), { userAgent: 'a "b" \\' }],
    ['escaped bytes', LINE.replace('Mozilla/5.0', 'caf\\xc3\\xa9 \\x22'), { userAgent: 'café "' }],
    ['a request that is none', LINE.replace('GET /a?b=1 HTTP/1.1', '-'), { method: '', target: '' }],
    ['a TLS hello', LINE.replace('GET /a?b=1 HTTP/1.1', '\\x16\\x03\\x01'), { method: '', target: '' }],
    ['HTTP/0.9', LINE.replace('GET /a?b=1 HTTP/1.1', 'GET /a'), { method: 'GET', target: '/a' }],
    ['IPv6', LINE.replace('192.0.2.1', '2001:db8::1'), { host: '2001:db8::1' }],
  ])('reads a line with %s', (_name, line, expected) => {
    expect(parseLogLine(line)).toMatchObject(expected)
  })

  it.each([
    ['', ''],
    ['prose', 'hello there, nobody is home'],
    ['no time', LINE.replace('[17/May/2015:10:05:03 +0000] ', '')],
    ['a month that is none', LINE.replace('May', 'Mai')],
    ['no host', LINE.replace('192.0.2.1', '')],
    ['no status', LINE.slice(0, LINE.indexOf(' 200'))],
    ['a request without its end', LINE.slice(0, LINE.indexOf(' HTTP'))],
  ])('refuses %s', (_name, line) => {
    expect(parseLogLine(line)).toBeUndefined()
  })
})

describe('toEvent', () => {
  const line = parseLogLine(LINE)
  if (line === undefined) throw new Error('unreadable')

  it('makes the same ids again, and others for another line number, address or agent', () => {
    const event = toEvent(line, LINE, 1, undefined)
    expect(toEvent(line, LINE, 1, undefined)).toEqual(event)
    expect(toEvent(line, LINE, 2, undefined).event_id).not.toBe(event.event_id)
    expect(toEvent(line, LINE, 2, undefined).anonymous_id).toBe(event.anonymous_id)
    expect(toEvent({ ...line, host: '192.0.2.2' }, LINE, 1, undefined).anonymous_id).not.toBe(
      event.anonymous_id,
    )
    expect(toEvent({ ...line, userAgent: 'x' }, LINE, 1, undefined).anonymous_id).not.toBe(event.anonymous_id)
  })

  it('keeps path and URL apart, and leaves out what is no address', () => {
    expect(toEvent(line, LINE, 1, 'https://x.example')).toMatchObject({
      path: '/a',
      url: 'https://x.example/a?b=1',
      referrer: 'http://x.example/',
      timestamp: line.time,
    })
    expect(toEvent({ ...line, target: '' }, LINE, 1, 'https://x.example')).not.toHaveProperty('url')
    const long = toEvent({ ...line, target: `/${'a'.repeat(5000)}` }, LINE, 1, 'https://x.example')
    expect(long.path).toHaveLength(2048)
    expect(long).not.toHaveProperty('url')
  })
})

describe('SiteGuess', () => {
  it('takes the host that most pages link from, if it stands out', () => {
    const guess = new SiteGuess()
    for (const host of ['a', 'a', 'b', 'c']) guess.add(`https://${host}.example/x`)
    guess.add('no url')
    expect(guess.site()).toBe('https://a.example')
    expect(new SiteGuess().site()).toBeUndefined()
  })
})
