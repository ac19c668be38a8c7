import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AuthenticateUser, type HostUser, supabaseUsers } from '../../src/auth/supabase-users.js'

const SECRET = 'a-shared-secret-of-at-least-32-characters'
const USER = '0d9f5c1e-6f4b-4c3e-9a46-1f0f7a8e7d11'
type Pair = Awaited<ReturnType<typeof generateKeyPair>>

let server: Server
let url: string
let pair: Pair
let stranger: Pair
let fetches = 0
let broken = false

beforeAll(async () => {
  pair = await generateKeyPair('ES256')
  stranger = await generateKeyPair('ES256')
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }]
  server = createServer((request, response) => {
    fetches++
    if (broken || request.url !== '/auth/v1/.well-known/jwks.json') {
      response.writeHead(500).end('down')
    } else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  fetches = 0
  broken = false
})

interface Token {
  claims?: JWTPayload
  alg?: string
  kid?: string
  key?: Pair['privateKey'] | Uint8Array
  expires?: number
  issuer?: string
  audience?: string
}

async function token({ claims = {}, alg = 'ES256', kid = 'one', ...rest }: Token = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return await new SignJWT({ role: 'authenticated', is_anonymous: false, sub: USER, ...claims })
    .setProtectedHeader({ alg, kid })
    .setIssuer(rest.issuer ?? `${url}/auth/v1`)
    .setAudience(rest.audience ?? 'authenticated')
    .setIssuedAt(now)
    .setExpirationTime(now + (rest.expires ?? 3_600))
    .sign(rest.key ?? pair.privateKey)
}

async function ask(
  users: AuthenticateUser,
  authorization: string | undefined,
): Promise<HostUser | null | undefined> {
  const headers = authorization === undefined ? {} : { authorization }
  return await users(new Request('http://x/v1/projects', { headers }))
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const unsigned = (head: object, body: object): string =>
  `${[head, body].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

describe('by the public keys of the project', () => {
  it('knows the user, and fetches the keys once', async () => {
    const users = supabaseUsers({ url })
    expect(fetches).toBe(0)
    for (let i = 0; i < 20; i++) {
      expect(await ask(users, `Bearer ${await token()}`)).toEqual({ id: USER, admin: false })
    }
    expect(fetches).toBe(1)
  })

  it('knows admins by what users can not write themselves', async () => {
    const isAdmin = (claims: Readonly<Record<string, unknown>>): boolean =>
      JSON.stringify(claims.app_metadata) === '{"role":"admin"}'
    const users = supabaseUsers({ url, isAdmin })
    const admin = await token({ claims: { app_metadata: { role: 'admin' } } })
    const claims = { user_metadata: { role: 'admin' } }
    expect(await ask(users, `Bearer ${admin}`)).toEqual({ id: USER, admin: true })
    expect(await ask(users, `Bearer ${await token({ claims })}`)).toEqual({ id: USER, admin: false })
  })

  const refused: [string, () => Promise<string | undefined>][] = [
    ['no header', async () => undefined],
    ['no token', async () => 'Bearer '],
    ['Basic', async () => `Basic ${await token()}`],
    ['two tokens', async () => `Bearer ${await token()}, Bearer ${await token()}`],
    ['no JWT', async () => 'Bearer abc'],
    ['a token of 20 KB', async () => `Bearer ${await token({ claims: { x: 'y'.repeat(20_000) } })}`],
    ['an expired one', async () => `Bearer ${await token({ expires: -60 })}`],
    [
      'one of another project',
      async () => `Bearer ${await token({ issuer: 'https://other.supabase.co/auth/v1' })}`,
    ],
    ['one for another audience', async () => `Bearer ${await token({ audience: 'other' })}`],
    ['one signed by somebody else', async () => `Bearer ${await token({ key: stranger.privateKey })}`],
    ['one of an unknown key', async () => `Bearer ${await token({ kid: 'two' })}`],
    ['the anon key', async () => `Bearer ${await token({ claims: { role: 'anon' } })}`],
    ['the service key', async () => `Bearer ${await token({ claims: { role: 'service_role' } })}`],
    ['an anonymous sign-in', async () => `Bearer ${await token({ claims: { is_anonymous: true } })}`],
    ['an empty subject', async () => `Bearer ${await token({ claims: { sub: '' } })}`],
    [
      'no signature at all',
      async () =>
        `Bearer ${unsigned({ alg: 'none' }, { sub: USER, role: 'authenticated', exp: 9_999_999_999, iss: `${url}/auth/v1`, aud: 'authenticated' })}`,
    ],
    [
      'the public key used as a shared secret',
      async () => {
        const key = bytes(JSON.stringify(await exportJWK(pair.publicKey)))
        return `Bearer ${await token({ alg: 'HS256', key })}`
      },
    ],
    [
      'a changed payload',
      async () => {
        const [head, , signature] = (await token()).split('.')
        const body = Buffer.from(JSON.stringify({ sub: 'admin', role: 'authenticated' })).toString(
          'base64url',
        )
        return `Bearer ${head}.${body}.${signature}`
      },
    ],
  ]
  it.each(refused)('is nobody: %s', async (_name, make) => {
    const answer = await ask(supabaseUsers({ url }), await make())
    expect(answer === undefined || answer?.id === '').toBe(true)
  })

  it('says 503 and not 401 while the keys can not be fetched, and works again after', async () => {
    const users = supabaseUsers({ url })
    broken = true
    const text = await token()
    const error = await ask(users, `Bearer ${text}`).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'storage_unavailable', retryAfter: 5 })
    expect(String(error)).not.toContain(text)
    const unreachable = supabaseUsers({ url: 'http://127.0.0.1:1' })
    const other = await token({ issuer: 'http://127.0.0.1:1/auth/v1' })
    await expect(ask(unreachable, `Bearer ${other}`)).rejects.toMatchObject({ code: 'storage_unavailable' })
    broken = false
    expect(await ask(users, `Bearer ${text}`)).toMatchObject({ id: USER })
  })
})

describe('by the shared secret', () => {
  it('knows the user without fetching anything, and nobody signed otherwise', async () => {
    const users = supabaseUsers({ url, secret: SECRET })
    const good = await token({ alg: 'HS256', key: bytes(SECRET) })
    expect(await ask(users, `Bearer ${good}`)).toMatchObject({ id: USER })
    for (const wrong of [
      await token({ alg: 'HS256', key: bytes(`${SECRET}!`) }),
      await token({ alg: 'HS512', key: bytes(SECRET) }),
      await token(),
    ]) {
      expect(await ask(users, `Bearer ${wrong}`)).toBeUndefined()
    }
    expect(fetches).toBe(0)
  })
})

it.each([
  [{ url: 'abc' }, /url must be/],
  [{ url: '' }, /url must be/],
  [{ url: 'ftp://x.supabase.co' }, /url must be/],
  [{ url: 'https://x.supabase.co', secret: 'short' }, /secret must be/],
])('refuses the options %j', (options, message) => {
  expect(() => supabaseUsers(options)).toThrow(message)
  expect(() => supabaseUsers(options)).not.toThrow(/short/)
})
