import { randomUUID } from 'node:crypto'
import type { KeyPrincipal } from '../../src/auth/principal.js'
import type { KeyKind, Project } from '../../src/ports/key-store.js'

export function testProject(patch: Partial<Project> = {}): Project {
  return {
    id: randomUUID(),
    slug: 'shop',
    name: 'Shop',
    owner: null,
    allowed_origins: [],
    retention_days: null,
    timezone: 'UTC',
    plan: 'default',
    created_at: 1_778_958_000_000,
    ...patch,
  }
}

export function principalOf(key_kind: KeyKind, project: Project = testProject()): KeyPrincipal {
  return { kind: 'key', key_kind, key_id: randomUUID(), prefix: '0a1b2c3d', scopes: ['ingest'], project }
}
