import { beforeEach, describe, expect, it } from 'vitest'
import { hashSecret, parseKey } from '../../src/auth/key.js'
import { type CreateKey, createKeyManager, type KeyManager } from '../../src/auth/manage-keys.js'
import type { KeyStore } from '../../src/ports/key-store.js'
import { createProjects } from '../../src/projects/projects.js'
import { memoryKeys } from '../../src/stores/memory/memory-keys.js'

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
