import { randomBase64Url, randomHex, randomUuid } from '#crypto'
import { isAnalyticsError } from '../errors.js'
import type { KeyRecord, KeyStore, Project } from '../ports/key-store.js'

/** One promise of the {@link KeyStore} port: `run` rejects when the store breaks it. */
export interface KeyStoreCase {
  readonly name: string
  run(store: KeyStore): Promise<void>
}

export async function stored(store: KeyStore): Promise<{ project: Project; key: KeyRecord }> {
  const project = bareProject()
  const key = bareKey(project.id)
  await store.insertProject(project, [key])
  return { project, key }
}

export function bareProject(): Project {
  const slug = `case-${randomHex(6)}`
  const empty = { owner: null, allowed_origins: [], retention_days: null }
  return { id: randomUuid(), slug, name: slug, timezone: 'UTC', plan: 'default', created_at: 0, ...empty }
}

export function fullProject(): Project {
  return {
    ...bareProject(),
    name: 'My shop',
    owner: `owner-${randomHex(6)}`,
    allowed_origins: ['https://example.com', 'https://*.example.org'],
    retention_days: 365,
    timezone: 'Europe/Berlin',
    plan: 'business',
    created_at: 1_778_958_000_123,
  }
}

export function bareKey(project_id: string | null): KeyRecord {
  return {
    id: randomUuid(),
    project_id,
    owner: null,
    kind: 'pk',
    env: 'live',
    prefix: randomHex(4),
    secret_hash: randomHex(32),
    pepper_id: randomBase64Url(9),
    scopes: ['ingest'],
    name: '',
    created_at: 1_778_958_000_456,
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
    replaced_by: null,
  }
}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken: ${what}`)
}

/** Compares plain data, whatever the order of fields. */
export function equal(actual: unknown, expected: unknown): void {
  const [got, want] = [text(actual), text(expected)]
  if (got !== want) throw new Error(`expected ${want}\n     got ${got}`)
}

export function text(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'undefined'
  )
}

export async function rejects(code: string, work: Promise<unknown>): Promise<void> {
  const error = await fails(work)
  check(isCode(error, code), `expected ${code}, got ${String(error)}`)
}

export async function fails(work: Promise<unknown>): Promise<unknown> {
  const result = await work.then(
    () => ({ error: undefined, failed: false }),
    (error: unknown) => ({ error, failed: true }),
  )
  check(result.failed, 'expected an error')
  return result.error
}

export function isCode(error: unknown, code: string): boolean {
  return isAnalyticsError(error) && error.code === code
}
