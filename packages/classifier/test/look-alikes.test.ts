import { expect, it } from 'vitest'
import { addHosts, createHostIndex, findHost, spelledOut } from '../src/host-index.js'
import { classify, registrable, TABLES } from '../src/index.js'
import { rows } from '../src/tables.js'

/** Every host of the tables, spelled out. */
function hostsOfTables(): string[] {
  const words = TABLES.hosts.flatMap(rows).filter(({ words: [first] }) => first !== '#')
  return [
    ...new Set(words.flatMap((row) => spelledOut(row.words)).map((host) => host.replace(/^=|\/.*$/g, ''))),
  ]
}

function lookAlikes(host: string): string[] {
  const real = host.replace('.*', '.com')
  const domain = registrable(real) ?? real
  const sub = real.slice(0, real.length - domain.length)
  const [label = '', ...rest] = domain.split('.')
  return [
    `${real}.evil.org`,
    `${real}.evil.co.uk`,
    `${real.replaceAll('.', '-')}.evil.org`,
    `not${domain}`,
    `my-${domain}`,
    `${label}s-login.${rest.join('.')}`,
    `${label}.${rest.join('.')}m.zip`,
    `${sub}x${domain}`,
  ]
}

const KNOWN: ReadonlySet<string> = new Set(hostsOfTables())

it('no look-alike of a known host is taken for it', () => {
  const index = createHostIndex()
  for (const table of TABLES.hosts) addHosts(index, table)
  const names = [...new Set([...KNOWN].flatMap(lookAlikes))].filter(
    // A few are real: `xing.com` is no imitation of `ing.com`.
    (name) => !KNOWN.has(name) && !KNOWN.has(registrable(name) ?? name) && !KNOWN.has(`=${name}`),
  )
  expect(names.length).toBeGreaterThan(3000)
  const wrong = names.filter((name) => {
    if (findHost(index, name) !== undefined) return true
    const { channel } = classify({ url: 'https://shop.example/', referrer: `https://${name}/` })
    // `mail.` before a domain is a mailbox whoever owns the domain: that is a rule and no imitation.
    return (
      channel !== 'referral' &&
      !(channel === 'email' && /^(?:.*\.)?(?:web|e-?)?mail\d*\.[^.]+\.\w+$/.test(name))
    )
  })
  expect(wrong).toEqual([])
})

it.each([
  'netflix.company',
  'fedex.com',
  'notfacebook.com',
  'google.com.evil.org',
  'google.evil.org',
  'evilgoogle.com',
  'google-com.net',
  'microsoft.com',
  'target.co.nz',
  'xxt.co',
  'myfacebook.com',
  'notwikipedia.org',
  'mail.google.com.evil.org',
  'www.google.com.evil.co.uk',
  'google.co.evil.uk',
  'bing.com-search.net',
  'linkedin.com.login.example',
  'ex.com',
])('%s is a stranger', (host) => {
  expect(classify({ url: 'https://shop.example/', referrer: `https://${host}/` })).toMatchObject({
    channel: 'referral',
    source: host.replace(/^www\./, ''),
  })
})
