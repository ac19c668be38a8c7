import { beforeEach, describe, expect, it } from 'vitest'
import { createAccountKeys } from '../../src/auth/account-keys.js'
import { hashSecret, parseKey } from '../../src/auth/key.js'
import { createKeyMint } from '../../src/auth/key-mint.js'
import { type CreateKey, createKeyManager, type KeyManager } from '../../src/auth/manage-keys.js'
import { AnalyticsError } from '../../src/errors.js'
import type { KeyStore } from '../../src/ports/key-store.js'
import { createProjects } from '../../src/projects/projects.js'
import { memoryKeys } from '../../src/stores/memory/memory-keys.js'

const DAY_MS = 86_400_000
const NOW = 1_778_958_000_000

let keys: KeyStore
let manager: KeyManager
let invalidated: string[]
let project_id: string

beforeEach(async () => {
  keys = memoryKeys()
  invalidated = []
  manager = createKeyManager({
    keys,
    clock: () => NOW,
    invalidate: (prefix) => void invalidated.push(prefix),
  })
  const { project } = await createProjects({ keys, keyManager: manager, clock: () => NOW }).create({
    slug: 'shop',
  })
  project_id = project.id
})

describe('create', () => {
  it.each([
    ['pk', ['ingest']],
    ['sk', ['ingest', 'read', 'admin']],
    ['rk', ['read']],
  ] as const)('makes a %s key with the scopes %j', async (kind, scopes) => {
    const { key, secret } = await manager.create({ project_id, kind })
    const parsed = parseKey(secret)
    expect(parsed).toMatchObject({ kind, env: 'live', prefix: key.prefix })
    expect(key).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      project_id,
      owner: null,
      kind,
      env: 'live',
      prefix: parsed?.prefix,
      scopes,
      name: '',
      created_at: NOW,
      expires_at: null,
      revoked_at: null,
      last_used_at: null,
      replaced_by: null,
    })
    const [pepper] = await keys.peppers()
    const stored = await keys.findKey(key.prefix)
    expect(stored?.key.secret_hash).toBe(await hashSecret(parsed?.secret ?? '', pepper))
    expect(stored?.key.pepper_id).toBe(pepper.id)
    expect(JSON.stringify([stored, await manager.list(project_id)])).not.toContain(parsed?.secret)
  })

  it('keeps what was asked for', async () => {
    const wanted = {
      kind: 'sk',
      env: 'test',
      scopes: ['read', 'ingest'],
      name: 'cron',
      expires_at: NOW + 1,
    } as const
    const { key, secret } = await manager.create({ project_id, ...wanted })
    expect(key).toMatchObject(wanted)
    expect(secret).toMatch(/^sk_test_/)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['an unknown kind', { kind: 'xk' }, 'kind'],
    ['no kind', { kind: undefined }, 'kind'],
    ['an account key, which needs more than a project', { kind: 'ak' }, 'kind'],
    ['a prototype name', { kind: '__proto__' }, 'kind'],
    ['an unknown env', { env: 'prod' }, 'env'],
    ['null as env', { env: null }, 'env'],
    ['no project', { project_id: undefined }, 'project_id'],
    ['a scope beyond the kind', { kind: 'pk', scopes: ['read'] }, 'scopes'],
    ['a writing read key', { kind: 'rk', scopes: ['read', 'ingest'] }, 'scopes'],
    ['no scopes', { scopes: [] }, 'scopes'],
    ['a scope twice', { scopes: ['read', 'read'] }, 'scopes'],
    ['an unknown scope', { scopes: ['root'] }, 'scopes'],
    ['scopes as text', { scopes: 'read' }, 'scopes'],
    ['a long name', { name: 'x'.repeat(129) }, 'name'],
    ['a name with a line break', { name: 'a\nb' }, 'name'],
    ['a name with U+0000', { name: 'a\0b' }, 'name'],
    ['a broken surrogate pair', { name: '\ud800' }, 'name'],
    ['a name that is no text', { name: 7 }, 'name'],
    ['an expiry now', { expires_at: NOW }, 'expires_at'],
    ['an expiry in seconds', { expires_at: NOW / 1_000 }, 'expires_at'],
    ['a fraction', { expires_at: NOW + 0.5 }, 'expires_at'],
    ['an ISO expiry', { expires_at: '2030-01-01' }, 'expires_at'],
    ['an expiry after the year 9999', { expires_at: 253_402_300_800_000 }, 'expires_at'],
    ['NaN', { expires_at: Number.NaN }, 'expires_at'],
    ['a field that nothing reads', { expiresAt: NOW + 1 }, 'expiresAt'],
  ])('refuses %s', async (_name, change, field) => {
    const before = await manager.list(project_id)
    const input = { project_id, kind: 'sk', ...change } as CreateKey
    await expect(manager.create(input)).rejects.toMatchObject({ code: 'invalid_params', details: { field } })
    expect(await manager.list(project_id)).toEqual(before)
  })

  it.each(['00000000-0000-4000-8000-000000000000', 'shop', ''])('refuses the project %j', async (id) => {
    await expect(manager.create({ project_id: id, kind: 'sk' })).rejects.toMatchObject({
      code: 'unknown_project',
    })
  })

  it('takes another prefix when one is taken', async () => {
    const [first] = await manager.list(project_id)
    const asked: string[] = []
    const crowded: KeyStore = {
      ...keys,
      async findKey(prefix) {
        asked.push(prefix)
        return asked.length < 3 ? keys.findKey(first?.prefix ?? '') : keys.findKey(prefix)
      },
    }
    const busy = createKeyManager({ keys: crowded, clock: () => NOW, invalidate: () => {} })
    const { key } = await busy.create({ project_id, kind: 'sk' })
    expect(asked).toHaveLength(3)
    expect(key.prefix).toBe(asked[2])
  })
})

describe('list and revoke', () => {
  it('shows no hash and no pepper', async () => {
    const all = await manager.list(project_id)
    expect(all.map(({ kind }) => kind).sort()).toEqual(['pk', 'rk', 'sk'])
    for (const key of all) expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['secret_hash']))
    expect(JSON.stringify(all)).not.toMatch(/hash|pepper/)
  })

  it('revokes, forgets the cached key, and keeps the first time', async () => {
    const { key } = await manager.create({ project_id, kind: 'rk' })
    invalidated = []
    expect(await manager.revoke(project_id, key.id)).toEqual({ ...key, revoked_at: NOW })
    expect(invalidated).toEqual([key.prefix])
    const later = createKeyManager({ keys, clock: () => NOW + 5, invalidate: () => {} })
    expect(await later.revoke(project_id, key.id)).toEqual({ ...key, revoked_at: NOW })
  })

  it('forgets the cached key although the answer of the store was lost, and asks nothing after it', async () => {
    const { key } = await manager.create({ project_id, kind: 'sk' })
    invalidated = []
    let lists = 0
    const losing: KeyStore = {
      ...keys,
      async listKeys(id) {
        lists++
        return await keys.listKeys(id)
      },
      async revokeKey(...revocation) {
        await keys.revokeKey(...revocation)
        throw new AnalyticsError('storage_unavailable', 'the connection broke')
      },
    }
    const invalidate = (prefix: string): void => void invalidated.push(prefix)
    const unlucky = createKeyManager({ keys: losing, clock: () => NOW, invalidate })
    await expect(unlucky.revoke(project_id, key.id)).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(invalidated).toEqual([key.prefix])
    expect(lists).toBe(1)
    expect((await manager.list(project_id)).find(({ id }) => id === key.id)?.revoked_at).toBe(NOW)
  })

  it('does so for the keys of an account', async () => {
    const account = createAccountKeys({
      keys,
      make: createKeyMint({ keys, clock: () => NOW }),
      clock: () => NOW,
      invalidate: (prefix) => void invalidated.push(prefix),
    })
    const { key } = await account.create({ owner: 'me' })
    invalidated = []
    const losing: KeyStore = {
      ...keys,
      async revokeAccountKey(...revocation) {
        await keys.revokeAccountKey(...revocation)
        throw new AnalyticsError('storage_unavailable', 'the connection broke')
      },
    }
    const unlucky = createAccountKeys({
      keys: losing,
      make: createKeyMint({ keys, clock: () => NOW }),
      clock: () => NOW,
      invalidate: (prefix) => void invalidated.push(prefix),
    })
    await expect(unlucky.revoke('me', key.id)).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(invalidated).toEqual([key.prefix])
    await expect(account.revoke('you', key.id)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('revokes nothing of another project', async () => {
    const projects = createProjects({ keys, keyManager: manager, clock: () => NOW })
    const { project: other } = await projects.create({ slug: 'other' })
    const [key] = await manager.list(project_id)
    for (const [project, id] of [
      [other.id, key?.id ?? ''],
      [project_id, 'none'],
      ['none', key?.id ?? ''],
    ] as const) {
      await expect(manager.revoke(project, id)).rejects.toMatchObject({ code: 'not_found', status: 404 })
    }
    expect((await manager.list(project_id)).every(({ revoked_at }) => revoked_at === null)).toBe(true)
  })
})

describe('rotate', () => {
  const keyOf = async (id: string) => (await manager.list(project_id)).find((key) => key.id === id)

  it('ends the old key after the overlap, gives the new one its expiry, and forgets both', async () => {
    for (const expires_at of [null, NOW + 30 * DAY_MS]) {
      const { key } = await manager.create({ project_id, kind: 'sk', name: 'cron', expires_at })
      invalidated = []
      const { key: next } = await manager.rotate(project_id, key.id)
      expect(next).toMatchObject({ kind: 'sk', name: 'cron', scopes: key.scopes, expires_at })
      expect(await keyOf(key.id)).toMatchObject({ expires_at: NOW + DAY_MS, replaced_by: next.id })
      expect(invalidated).toEqual([key.prefix, next.prefix])
    }
  })

  it('of a key that was rotated is refused and names the key to rotate, which still has the expiry', async () => {
    const { key } = await manager.create({ project_id, kind: 'sk' })
    // The answer of this one is lost.
    const { key: lost } = await manager.rotate(project_id, key.id)
    const again = manager.rotate(project_id, key.id, { overlap_s: 0 })
    await expect(again).rejects.toMatchObject({
      code: 'key_already_rotated',
      status: 409,
      details: { replaced_by: lost.id },
    })
    const { key: next } = await manager.rotate(project_id, lost.id, { overlap_s: 0 })
    expect(next.expires_at).toBeNull()
    expect(await keyOf(lost.id)).toMatchObject({ expires_at: NOW, replaced_by: next.id })
    // Nothing came of the refused one.
    expect((await keyOf(key.id))?.expires_at).toBe(NOW + DAY_MS)
    expect(await manager.list(project_id)).toHaveLength(6)
  })

  it('at the same time in two processes makes one key', async () => {
    const { key } = await manager.create({ project_id, kind: 'rk' })
    const results = await Promise.allSettled([
      manager.rotate(project_id, key.id),
      manager.rotate(project_id, key.id),
    ])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = results.find(({ status }) => status === 'rejected')
    expect(refused).toMatchObject({ reason: { code: 'key_already_rotated' } })
    expect((await keyOf(key.id))?.replaced_by).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('whose answer was lost is forgotten as well', async () => {
    const { key } = await manager.create({ project_id, kind: 'sk' })
    invalidated = []
    const losing: KeyStore = {
      ...keys,
      async rotateKey(...rotation) {
        await keys.rotateKey(...rotation)
        throw new AnalyticsError('storage_unavailable', 'the connection broke')
      },
    }
    const invalidate = (prefix: string): void => void invalidated.push(prefix)
    const unlucky = createKeyManager({ keys: losing, clock: () => NOW, invalidate })
    await expect(unlucky.rotate(project_id, key.id)).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(invalidated[0]).toBe(key.prefix)
  })
})
