import { randomHex, randomUuid } from '#crypto'
import type { KeyRecord, Project, UsageRow } from '../ports/key-store.js'
import { jobStoreCases } from './job-store-cases.js'
import {
  bareKey,
  bareProject,
  check,
  equal,
  fails,
  fullProject,
  isCode,
  type KeyStoreCase,
  rejects,
  stored,
} from './key-store-case.js'
import { rotationStoreCases } from './rotation-store-cases.js'

/**
 * What every key store must do, for any test runner. Cases leave rows behind, use names of their own, and may
 * run on a store that holds other rows; they delete the salts of the years before 1905.
 */
export const keyStoreCases: readonly KeyStoreCase[] = [
  {
    name: 'names its peppers, the current one first, the same each time',
    async run(store) {
      const peppers = await store.peppers()
      check(
        peppers.length > 0 && peppers.every(({ id, value }) => id !== '' && value.length >= 16),
        'peppers',
      )
      equal(await store.peppers(), peppers)
    },
  },
  {
    name: 'keeps every field of a project and finds it by id and by slug',
    async run(store) {
      for (const project of [fullProject(), bareProject()]) {
        await store.insertProject(project)
        equal(await store.findProject(project.id), project)
        equal(await store.findProject(project.slug), project)
      }
    },
  },
  {
    name: 'answers undefined, empty or false for what does not exist, whatever its form',
    async run(store) {
      for (const unknown of [
        randomUuid(),
        `no-${randomHex(6)}`,
        '',
        "'; drop table projects; --",
        'ü😀',
        'a\0b',
        '\ud800',
      ]) {
        equal(await store.findProject(unknown), undefined)
        equal(await store.updateProject(unknown, { name: 'x' }), undefined)
        equal(await store.findKey(unknown), undefined)
        equal(await store.listKeys(unknown), [])
        equal(await store.revokeKey(unknown, unknown, 1), false)
        equal(await store.usage([unknown]), [])
        equal(await store.listProjects({ owner: `none-${unknown}` }), [])
        await store.touchKeys([{ id: unknown, last_used_at: 1 }])
      }
    },
  },
  {
    name: 'returns text as it was given, quotes, braces and emoji included',
    async run(store) {
      const odd = `a'b"c\\d{e},f;--\t%_$1 ${'ü😀'} NULL`
      const project = {
        ...bareProject(),
        name: odd,
        owner: odd,
        plan: odd,
        allowed_origins: [odd, 'NULL', ''],
      }
      await store.insertProject(project)
      equal(await store.findProject(project.id), project)
      const key = { ...bareKey(project.id), name: odd }
      await store.insertKey(key)
      equal(await store.listKeys(project.id), [key])
    },
  },
  {
    name: 'refuses a taken slug, also in an update, and stores nothing then',
    async run(store) {
      const [first, second] = [bareProject(), bareProject()]
      await store.insertProject(first)
      await store.insertProject(second)
      const clash = { ...bareProject(), slug: first.slug }
      const key = bareKey(clash.id)
      await rejects('slug_taken', store.insertProject(clash, [key]))
      equal(await store.findProject(clash.id), undefined)
      equal(await store.findKey(key.prefix), undefined)
      await rejects('slug_taken', store.updateProject(second.id, { slug: first.slug, name: 'changed' }))
      equal(await store.findProject(second.id), second)
      equal(await store.updateProject(first.id, { slug: first.slug }), first)
    },
  },
  {
    name: 'lets one of many concurrent inserts of a slug win',
    async run(store) {
      const { slug } = bareProject()
      const attempts = Array.from({ length: 8 }, () => store.insertProject({ ...bareProject(), slug }))
      const results = await Promise.allSettled(attempts)
      equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const result of results) {
        check(result.status === 'fulfilled' || isCode(result.reason, 'slug_taken'), 'losers get slug_taken')
      }
    },
  },
  {
    name: 'lists projects by slug in byte order, all or one owner’s',
    async run(store) {
      const owner = `owner-${randomHex(6)}`
      const mark = randomHex(4)
      // Locales that skip hyphens or sort digits last would order these otherwise.
      const slugs = ['a-z', 'a0', 'aa', 'a-b', 'ab', 'b', '9'].map((slug) => `${mark}${slug}`)
      for (const slug of slugs) await store.insertProject({ ...bareProject(), slug, owner })
      const other = bareProject()
      await store.insertProject(other)
      const own = await store.listProjects({ owner })
      const sorted = slugs.toSorted((a, b) => (a < b ? -1 : 1))
      equal(
        own.map(({ slug }) => slug),
        sorted,
      )
      const all = (await store.listProjects()).map(({ slug }) => slug)
      check(all.includes(other.slug), 'all projects are listed')
      equal(
        all.filter((slug) => slug.startsWith(mark)),
        sorted,
      )
    },
  },
  {
    name: 'changes only the fields of a patch and returns the project after it',
    async run(store) {
      const project = fullProject()
      await store.insertProject(project)
      const { slug } = bareProject()
      const changes = [
        { slug },
        { name: 'Other' },
        { allowed_origins: [] },
        { retention_days: null },
        { timezone: 'Asia/Tokyo', plan: 'pro' },
        {},
      ]
      let expected: Project = project
      for (const patch of changes) {
        expected = { ...expected, ...patch }
        equal(await store.updateProject(project.id, patch), expected)
        equal(await store.findProject(project.id), expected)
      }
      equal(await store.findProject(project.slug), undefined)
    },
  },
  {
    name: 'keeps every field of a key and finds it with its project',
    async run(store) {
      const project = fullProject()
      const first = bareKey(project.id)
      await store.insertProject(project, [first])
      const full: KeyRecord = {
        ...bareKey(project.id),
        kind: 'sk',
        env: 'test',
        scopes: ['ingest', 'read', 'admin'],
        name: 'cron',
        created_at: first.created_at + 1,
        expires_at: 4_102_444_800_123,
        revoked_at: 1_700_000_000_001,
        last_used_at: 1_700_000_000_002,
        replaced_by: randomUuid(),
      }
      await store.insertKey(full)
      equal(await store.findKey(first.prefix), { key: first, project })
      equal(await store.findKey(full.prefix), { key: full, project })
      equal(await store.listKeys(project.id), [first, full])
    },
  },
  {
    name: 'finds an account key without a project',
    async run(store) {
      const key: KeyRecord = { ...bareKey(null), kind: 'ak', owner: 'account-1', scopes: ['read'] }
      await store.insertKey(key)
      equal(await store.findKey(key.prefix), { key, project: undefined })
    },
  },
  {
    name: 'stores a project with its keys or nothing',
    async run(store) {
      const { project, key } = await stored(store)
      const next = bareProject()
      const own = bareKey(next.id)
      await fails(store.insertProject(next, [own, { ...bareKey(next.id), prefix: key.prefix }]))
      equal(await store.findProject(next.id), undefined)
      equal(await store.findKey(own.prefix), undefined)
      equal(await store.listKeys(project.id), [key])
    },
  },
  {
    name: 'never has two keys of one prefix',
    async run(store) {
      const { project, key } = await stored(store)
      await fails(store.insertKey({ ...bareKey(project.id), prefix: key.prefix }))
      equal(await store.findKey(key.prefix), { key, project })
    },
  },
  {
    name: 'lists keys oldest first, of that project only',
    async run(store) {
      const { project, key } = await stored(store)
      await stored(store)
      const older = { ...bareKey(project.id), created_at: key.created_at - 1 }
      const newer = { ...bareKey(project.id), created_at: key.created_at + 1 }
      await store.insertKey(newer)
      await store.insertKey(older)
      equal(await store.listKeys(project.id), [older, key, newer])
    },
  },
  {
    name: 'revokes a key once, and only through its own project',
    async run(store) {
      const { project, key } = await stored(store)
      const other = await stored(store)
      equal(await store.revokeKey(other.project.id, key.id, 5_000), false)
      equal(await store.findKey(key.prefix), { key, project })
      equal(await store.revokeKey(project.id, key.id, 6_000), true)
      equal(await store.revokeKey(project.id, key.id, 7_000), true)
      equal(await store.findKey(key.prefix), { key: { ...key, revoked_at: 6_000 }, project })
      equal(await store.listKeys(other.project.id), [other.key])
    },
  },
  {
    name: 'keeps the latest use of each key',
    async run(store) {
      const { project, key } = await stored(store)
      const second = { ...bareKey(project.id), created_at: key.created_at + 1 }
      await store.insertKey(second)
      await store.touchKeys([])
      const used = [
        { id: key.id, last_used_at: 2_000 },
        { id: randomUuid(), last_used_at: 9_000 },
        { id: key.id, last_used_at: 3_000 },
        { id: key.id, last_used_at: 1_000 },
      ]
      await store.touchKeys(used)
      equal(await store.listKeys(project.id), [{ ...key, last_used_at: 3_000 }, second])
      const later = [
        { id: key.id, last_used_at: 2_500 },
        { id: second.id, last_used_at: 4_000 },
      ]
      await store.touchKeys(later)
      const after = [
        { ...key, last_used_at: 3_000 },
        { ...second, last_used_at: 4_000 },
      ]
      equal(await store.listKeys(project.id), after)
    },
  },
  {
    name: 'adds usage per project and month, also when many add at once',
    async run(store) {
      const { project } = await stored(store)
      const other = await stored(store)
      const row = { project_id: project.id, month: '2026-05', events: 3 }
      const add = (rows: readonly UsageRow[]): Promise<void> => store.addUsage(randomUuid(), rows)
      await add([])
      await add([row, { ...row, events: 4 }, { ...row, month: '2026-04', events: 1 }])
      await add([{ ...row, project_id: other.project.id, events: 9_000_000_000 }])
      await Promise.all(Array.from({ length: 10 }, () => add([{ ...row, events: 10 }])))
      const own = [
        { project_id: project.id, month: '2026-04', events: 1 },
        { ...row, events: 107 },
      ]
      const theirs = { ...row, project_id: other.project.id, events: 9_000_000_000 }
      equal(await store.usage([project.id]), own)
      equal(await store.usage([other.project.id]), [theirs])
      const both = [...own, theirs].toSorted((a, b) => (a.project_id < b.project_id ? -1 : 1))
      equal(await store.usage([other.project.id, randomUuid(), project.id, project.id]), both)
      equal(await store.usage([]), [])
    },
  },
  {
    name: 'adds a write of usage once, also when it comes many times at once',
    async run(store) {
      const { project } = await stored(store)
      const row = { project_id: project.id, month: '2026-05', events: 3 }
      const [write, next] = [randomUuid(), randomUuid()]
      await Promise.all(Array.from({ length: 5 }, () => store.addUsage(write, [row])))
      await store.addUsage(write, [row, { ...row, month: '2026-06' }])
      equal(await store.usage([project.id]), [row])
      await store.addUsage(next, [row])
      equal(await store.usage([project.id]), [{ ...row, events: 6 }])
    },
  },
  {
    name: 'gives one salt of a day to all who claim one',
    async run(store) {
      const day = '1904-05-06'
      await store.deleteSaltsBefore('1905-01-01')
      const candidates = Array.from({ length: 8 }, () => ({ day, salt: randomHex(16) }))
      const claimed = await Promise.all(candidates.map((candidate) => store.claimSalt(candidate)))
      const [first] = claimed
      check(
        first !== undefined && candidates.some(({ salt }) => salt === first.salt),
        'one of the candidates',
      )
      for (const salt of claimed) equal(salt, first)
      equal(await store.claimSalt({ day, salt: randomHex(16) }), first)
      await store.deleteSaltsBefore('1905-01-01')
    },
  },
  {
    name: 'destroys the salts of earlier days and no others',
    async run(store) {
      await store.deleteSaltsBefore('1905-01-01')
      const days = ['1901-12-31', '1902-01-01', '1902-01-02', '1902-01-10']
      for (const day of days) await store.claimSalt({ day, salt: `old-${day}` })
      equal(await store.deleteSaltsBefore('1902-01-02'), 2)
      equal(await store.deleteSaltsBefore('1902-01-02'), 0)
      const fresh = days.map((day) => store.claimSalt({ day, salt: `new-${day}` }))
      const salts = (await Promise.all(fresh)).map(({ salt }) => salt)
      equal(salts, ['new-1901-12-31', 'new-1902-01-01', 'old-1902-01-02', 'old-1902-01-10'])
      equal(await store.deleteSaltsBefore('1905-01-01'), 4)
    },
  },
  {
    name: 'holds copies: a caller who changes what it gave or got changes nothing stored',
    async run(store) {
      const given = await stored(store)
      const { project, key } = structuredClone(given)
      Object.assign(given.key, { revoked_at: 1, secret_hash: '' })
      Object.assign(given.project, { slug: 'changed' })
      const found = await store.findKey(key.prefix)
      equal(found, { key, project })
      Object.assign(found?.key ?? {}, { revoked_at: 1, secret_hash: '' })
      Object.assign((await store.findProject(project.id)) ?? {}, { slug: 'changed' })
      Object.assign((await store.listKeys(project.id))[0] ?? {}, { name: 'changed' })
      equal(await store.findKey(key.prefix), { key, project })
    },
  },
  ...rotationStoreCases,
  ...jobStoreCases,
]
