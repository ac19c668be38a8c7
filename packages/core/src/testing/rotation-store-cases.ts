import { randomHex, randomUuid } from '#crypto'
import type { KeyRecord } from '../ports/key-store.js'
import { bareKey, equal, fails, type KeyStoreCase, stored } from './key-store-case.js'

export const rotationStoreCases: readonly KeyStoreCase[] = [
  {
    name: 'finds many keys at once and leaves out what does not exist',
    async run(store) {
      const [one, two] = [await stored(store), await stored(store)]
      const account = accountKey(`owner-${randomHex(6)}`)
      await store.insertKey(account)
      const wanted = [
        one.key.prefix,
        'ffffffffff',
        '',
        'a\0b',
        '\ud800',
        two.key.prefix,
        account.prefix,
        one.key.prefix,
      ]
      const found = await store.findKeys(wanted)
      const sorted = found.toSorted((a, b) => (a.key.id < b.key.id ? -1 : 1))
      const expected = [
        { key: one.key, project: one.project },
        { key: two.key, project: two.project },
        { key: account, project: undefined },
      ].toSorted((a, b) => (a.key.id < b.key.id ? -1 : 1))
      equal(sorted, expected)
      equal(await store.findKeys([]), [])
    },
  },
  {
    name: 'rotates a key once: the next one is stored and the old one ends, at the earlier of two times',
    async run(store) {
      const { project, key } = await stored(store)
      const now = key.created_at + 10
      const next = { ...bareKey(project.id), created_at: now }
      equal(await store.rotateKey(key.id, now + 5_000, next), true)
      const again = { ...bareKey(project.id), created_at: now + 1 }
      equal(await store.rotateKey(key.id, now + 9_000, again), false)
      const third = { ...bareKey(project.id), created_at: now + 2, expires_at: now + 3_000 }
      equal(await store.rotateKey(next.id, now + 9_000, third), true)
      const last = { ...bareKey(project.id), created_at: now + 3 }
      equal(await store.rotateKey(third.id, now + 9_000, last), true)
      equal(await store.listKeys(project.id), [
        { ...key, expires_at: now + 5_000, replaced_by: next.id },
        { ...next, expires_at: now + 9_000, replaced_by: third.id },
        { ...third, replaced_by: last.id },
        last,
      ])
      equal(await store.findKey(last.prefix), { key: last, project })
    },
  },
  {
    name: 'lets one of many rotations of a key at once win',
    async run(store) {
      const { project, key } = await stored(store)
      const now = key.created_at + 10
      const nexts = Array.from({ length: 5 }, () => ({ ...bareKey(project.id), created_at: now }))
      const done = await Promise.all(nexts.map((next) => store.rotateKey(key.id, now, next)))
      equal(done.filter(Boolean).length, 1)
      const won = nexts[done.indexOf(true)]
      equal(await store.listKeys(project.id), [{ ...key, expires_at: now, replaced_by: won?.id }, won])
    },
  },
  {
    name: 'rotates nothing when the old key is unknown, of another project, revoked or over',
    async run(store) {
      const { project, key } = await stored(store)
      const other = await stored(store)
      const now = key.created_at + 10
      const next = { ...bareKey(project.id), created_at: now }
      const revoked = { ...bareKey(project.id), created_at: now, revoked_at: now }
      const over = { ...bareKey(project.id), created_at: now, expires_at: now }
      await store.insertKey(revoked)
      await store.insertKey(over)
      for (const id of [randomUuid(), '', 'a\0b', other.key.id, revoked.id, over.id]) {
        equal(await store.rotateKey(id, now + 5_000, next), false)
      }
      equal(await store.findKey(next.prefix), undefined)
      equal(await store.listKeys(other.project.id), [other.key])
      await fails(store.rotateKey(key.id, now + 5_000, { ...next, prefix: other.key.prefix }))
      equal(await store.findKey(key.prefix), { key, project })
    },
  },
  {
    name: 'lists, rotates and revokes account keys of their owner only',
    async run(store) {
      const [owner, stranger] = [`owner-${randomHex(6)}`, `owner-${randomHex(6)}`]
      const key = accountKey(owner)
      const foreign = accountKey(stranger)
      await store.insertKey(key)
      await store.insertKey(foreign)
      equal(await store.listAccountKeys(owner), [key])
      equal(await store.revokeAccountKey(stranger, key.id, 5_000), false)
      const now = key.created_at + 10
      const next = { ...accountKey(owner), created_at: now }
      equal(await store.rotateKey(foreign.id, now, next), false)
      equal(await store.rotateKey(key.id, now + 1_000, next), true)
      const old = { ...key, expires_at: now + 1_000, replaced_by: next.id }
      equal(await store.listAccountKeys(owner), [old, next])
      equal(await store.revokeAccountKey(owner, key.id, 6_000), true)
      equal(await store.revokeAccountKey(owner, key.id, 7_000), true)
      equal(await store.listAccountKeys(owner), [{ ...old, revoked_at: 6_000 }, next])
      for (const unknown of ['', 'a\0b', "'; drop table api_keys; --"]) {
        equal(await store.listAccountKeys(`none-${unknown}`), [])
        equal(await store.revokeAccountKey(unknown, unknown, 1), false)
      }
    },
  },
  {
    name: 'keeps keys of projects out of the account keys, whatever their owner field says',
    async run(store) {
      const { project } = await stored(store)
      const owner = `owner-${randomHex(6)}`
      const odd = { ...bareKey(project.id), owner }
      await store.insertKey(odd)
      equal(await store.listAccountKeys(owner), [])
      equal(await store.revokeAccountKey(owner, odd.id, 5_000), false)
    },
  },
  {
    name: 'puts the meter to a number, whatever it was',
    async run(store) {
      const { project } = await stored(store)
      const row = { project_id: project.id, month: '2026-05', events: 9_000_000_000 }
      await store.setUsage(row)
      equal(await store.usage([project.id]), [row])
      await store.addUsage(randomUuid(), [{ ...row, events: 5 }])
      await store.setUsage({ ...row, events: 3 })
      equal(await store.usage([project.id]), [{ ...row, events: 3 }])
    },
  },
]

function accountKey(owner: string): KeyRecord {
  return { ...bareKey(null), kind: 'ak', owner, scopes: ['read'] }
}
