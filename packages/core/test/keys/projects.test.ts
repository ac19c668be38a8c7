import { beforeEach, describe, expect, it, vi } from 'vitest'
import { parseKey } from '../../src/auth/key.js'
import { createKeyManager } from '../../src/auth/manage-keys.js'
import { AnalyticsError } from '../../src/errors.js'
import type { KeyStore } from '../../src/ports/key-store.js'
import type { CreateProject, UpdateProject } from '../../src/projects/project-input.js'
import { createProjects, type Projects } from '../../src/projects/projects.js'
import { memoryKeys } from '../../src/stores/memory/memory-keys.js'

let now: number
let away: boolean
let takes: number
let reads: number
let stored: KeyStore
let projects: Projects
let changed: string[]
let reported: string[]

beforeEach(() => {
  now = 1_778_958_000_000
  away = false
  takes = 0
  reads = 0
  changed = []
  reported = []
  stored = memoryKeys()
  const keys: KeyStore = {
    ...stored,
    async findProject(idOrSlug) {
      reads++
      if (away) throw new AnalyticsError('storage_unavailable', 'away')
      if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes))
      return stored.findProject(idOrSlug)
    },
  }
  const clock = (): number => now
  const keyManager = createKeyManager({ keys, clock, invalidate: () => {} })
  projects = createProjects({
    keys,
    keyManager,
    clock,
    onChange: (id) => void changed.push(id),
    onDiagnostic: (diagnostic) => void reported.push(diagnostic.kind),
  })
})

describe('create', () => {
  it('fills in the defaults and makes one key of each kind', async () => {
    const { project, keys } = await projects.create({ slug: 'shop' })
    expect(project).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      slug: 'shop',
      name: 'shop',
      owner: null,
      allowed_origins: [],
      retention_days: null,
      timezone: 'UTC',
      plan: 'default',
      created_at: now,
    })
    expect(await stored.findProject('shop')).toEqual(project)
    for (const kind of ['pk', 'sk', 'rk'] as const) {
      const parsed = parseKey(keys[kind])
      expect(parsed).toMatchObject({ kind, env: 'live' })
      expect((await stored.findKey(parsed?.prefix ?? ''))?.key).toMatchObject({
        kind,
        project_id: project.id,
      })
    }
  })

  it('keeps what was asked for', async () => {
    const wanted = {
      slug: 'a',
      name: 'Läden & Co',
      owner: 'account-1',
      allowed_origins: ['https://a.example', 'https://*.a.example', 'https://a.example'],
      retention_days: 36_500,
      timezone: 'America/New_York',
      plan: 'pro',
    }
    const { project } = await projects.create(wanted)
    expect(project).toMatchObject({
      ...wanted,
      allowed_origins: ['https://a.example', 'https://*.a.example'],
    })
  })

  it('stores nothing when the slug is taken', async () => {
    await projects.create({ slug: 'shop' })
    await expect(projects.create({ slug: 'shop' })).rejects.toMatchObject({ code: 'slug_taken', status: 409 })
    expect(await projects.list()).toHaveLength(1)
  })
})

const BAD: readonly [string, unknown][] = [
  ['slug', ''],
  ['slug', 'Shop'],
  ['slug', '-shop'],
  ['slug', 'shop-'],
  ['slug', 'sh op'],
  ['slug', 'sh_op'],
  ['slug', 'shöp'],
  ['slug', 'shop\n'],
  ['slug', 'a'.repeat(64)],
  ['slug', '00000000-0000-4000-8000-000000000000'],
  ['slug', 7],
  ['slug', null],
  ['name', ''],
  ['name', 'x'.repeat(129)],
  ['name', 'a\0'],
  ['name', '\udc00'],
  ['name', null],
  ['allowed_origins', 'https://example.com'],
  ['allowed_origins', null],
  ['allowed_origins', ['example.com']],
  ['allowed_origins', ['https://example.com/']],
  ['allowed_origins', [7]],
  ['allowed_origins', Array.from({ length: 101 }, (_, i) => `https://a${i}.example`)],
  ['retention_days', 0],
  ['retention_days', -1],
  ['retention_days', 1.5],
  ['retention_days', 36_501],
  ['retention_days', '30'],
  ['retention_days', Number.NaN],
  ['timezone', ''],
  ['timezone', 'Mars/Olympus'],
  ['timezone', '+05:30'],
  ['timezone', 'Europe/Berlin; drop table'],
  ['timezone', 'asia/kolkata'],
  ['timezone', null],
  ['plan', ''],
  ['plan', null],
]

describe('bad input', () => {
  it.each([...BAD, ['owner', ''] as const, ['owner', 7] as const, ['retentionDays', 30] as const])(
    'create refuses %s = %j',
    async (field, value) => {
      const input = { slug: 'shop', [field]: value } as CreateProject
      await expect(projects.create(input)).rejects.toMatchObject({
        code: 'invalid_params',
        details: { field },
      })
      expect(await projects.list()).toEqual([])
    },
  )

  it.each([...BAD, ['owner', 'me'] as const, ['id', 'x'] as const, ['created_at', 1] as const])(
    'update refuses %s = %j',
    async (field, value) => {
      const { project } = await projects.create({ slug: 'before' })
      const patch = { [field]: value } as UpdateProject
      await expect(projects.update(project.id, patch)).rejects.toMatchObject({
        code: 'invalid_params',
        details: { field },
      })
      expect(await stored.findProject(project.id)).toEqual(project)
    },
  )

  it.each([undefined, null, 'shop', 7])('refuses %j in place of an object', async (input) => {
    const refused = { code: 'invalid_params' }
    await expect(projects.create(input as unknown as CreateProject)).rejects.toMatchObject(refused)
    await expect(projects.update('id', input as unknown as UpdateProject)).rejects.toMatchObject(refused)
  })

  it.each(['0', 'a', '9-a', 'a--b', 'a'.repeat(63)])('takes the slug %j', async (slug) => {
    expect((await projects.create({ slug })).project.slug).toBe(slug)
  })

  it.each([
    ['utc', 'UTC'],
    ['europe/berlin', 'Europe/Berlin'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('takes the zone %s as %s', async (timezone, written) => {
    expect((await projects.create({ slug: 'a', timezone })).project.timezone).toBe(written)
  })
})

describe('find, list, update', () => {
  it('asks the store once in ten seconds', async () => {
    const { project } = await projects.create({ slug: 'shop' })
    for (let i = 0; i < 20; i++) expect(await projects.find('shop')).toEqual(project)
    expect(reads).toBe(1)
    now += 10_000
    await projects.find('shop')
    expect(reads).toBe(2)
  })

  it('sees a project that came after it was looked for', async () => {
    expect(await projects.find('shop')).toBeUndefined()
    const { project } = await projects.create({ slug: 'shop' })
    expect(await projects.find('shop')).toEqual(project)
  })

  it('sees its own changes at once, by id, by the new slug and no more by the old one', async () => {
    const { project } = await projects.create({ slug: 'shop' })
    await projects.find('shop')
    await projects.find(project.id)
    const after = await projects.update(project.id, { slug: 'store', name: undefined, retention_days: 30 })
    expect(after).toEqual({ ...project, slug: 'store', retention_days: 30 })
    expect(await projects.find(project.id)).toEqual(after)
    expect(await projects.find('store')).toEqual(after)
    expect(await projects.find('shop')).toBeUndefined()
    // Once for its creation, once for the change.
    expect(changed).toEqual([project.id, project.id])
  })

  it('keeps known projects while the store is away', async () => {
    const { project } = await projects.create({ slug: 'shop' })
    await projects.find('shop')
    away = true
    now += 60_000
    expect(await projects.find('shop')).toEqual(project)
    await expect(projects.find('other')).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(reported).toEqual(['key_store_failed'])
  })

  it('gives the first answer a minute, in which tables are made, and later ones less than two seconds', async () => {
    vi.useFakeTimers()
    try {
      takes = 50_000
      const first = projects.find('shop')
      await vi.advanceTimersByTimeAsync(50_000)
      expect(await first).toBeUndefined()
      const second = projects.find('store').catch(({ code }) => code)
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await second).toBe('storage_unavailable')
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses a slug of another project, and an unknown project', async () => {
    const { project } = await projects.create({ slug: 'one' })
    await projects.create({ slug: 'two' })
    await expect(projects.update(project.id, { slug: 'two' })).rejects.toMatchObject({ code: 'slug_taken' })
    await expect(projects.update('none', { name: 'x' })).rejects.toMatchObject({ code: 'unknown_project' })
  })

  it('lists by slug, all or one owner’s', async () => {
    await projects.create({ slug: 'b', owner: 'me' })
    await projects.create({ slug: 'a', owner: 'me' })
    await projects.create({ slug: 'c' })
    expect((await projects.list()).map(({ slug }) => slug)).toEqual(['a', 'b', 'c'])
    expect((await projects.list({ owner: 'me' })).map(({ slug }) => slug)).toEqual(['a', 'b'])
    expect(await projects.list({ owner: 'you' })).toEqual([])
  })
})
