import type { ColumnType } from 'kysely'
import type { Job, KeyEnv, KeyKind, KeyRecord, Project, Scope } from '../../ports/key-store.js'

// What a driver returns for a time or a bigint depends on parsers that the host may have changed, so both are
// read as unknown and decoded here; written are ISO 8601 and plain numbers.
type Time = ColumnType<unknown, string, string>
type OptionalTime = ColumnType<unknown, string | null, string | null>
type Big = ColumnType<unknown, number, number>

interface ProjectsTable {
  id: string
  slug: string
  name: string
  owner: string | null
  allowed_origins: readonly string[]
  retention_days: number | null
  timezone: string
  plan: string
  created_at: Time
}

interface ApiKeysTable {
  id: string
  project_id: string | null
  owner: string | null
  kind: KeyKind
  env: KeyEnv
  prefix: string
  secret_hash: string
  pepper_id: string
  scopes: readonly Scope[]
  name: string
  created_at: Time
  expires_at: OptionalTime
  revoked_at: OptionalTime
  last_used_at: OptionalTime
  replaced_by: string | null
}

interface JobsTable {
  id: string
  project_id: string
  kind: Job['kind']
  state: Job['state']
  /** JSON text in; parsers of the host decide what comes out. */
  counts: ColumnType<unknown, string, string>
  created_at: Time
  finished_at: OptionalTime
  verified_at: OptionalTime
  error: string | null
}

export interface Tables {
  projects: ProjectsTable
  api_keys: ApiKeysTable
  usage_meter: { project_id: string; month: string; events: Big }
  usage_writes: { id: string; written_at: ColumnType<unknown, never, never> }
  ip_salts: { day: string; salt: string }
  jobs: JobsTable
  migrations: { version: number; name: string; applied_at: Time }
}

type Read<Row, Times extends keyof Row> = { [K in keyof Row]: K extends Times ? unknown : Row[K] }
type ProjectRow = Read<Project, 'created_at'>
type KeyRow = Read<KeyRecord, 'created_at' | 'expires_at' | 'revoked_at' | 'last_used_at'>

export function readProject(row: ProjectRow): Project {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    owner: row.owner,
    allowed_origins: row.allowed_origins,
    retention_days: row.retention_days,
    timezone: row.timezone,
    plan: row.plan,
    created_at: readTime(row.created_at),
  }
}

/** The columns of a project that is joined to a key of the same column names. */
export const JOINED_PROJECT = [
  'projects.id as joined_id',
  'projects.slug as joined_slug',
  'projects.name as joined_name',
  'projects.owner as joined_owner',
  'projects.allowed_origins as joined_allowed_origins',
  'projects.retention_days as joined_retention_days',
  'projects.timezone as joined_timezone',
  'projects.plan as joined_plan',
  'projects.created_at as joined_created_at',
] as const

type JoinedRow = { [K in keyof ProjectRow as `joined_${K}`]: ProjectRow[K] | null }

/** Undefined when no project was joined. */
export function readJoinedProject(row: JoinedRow): Project | undefined {
  const { joined_id, joined_slug, joined_name, joined_allowed_origins, joined_timezone, joined_plan } = row
  if (
    joined_id === null ||
    joined_slug === null ||
    joined_name === null ||
    joined_allowed_origins === null ||
    joined_timezone === null ||
    joined_plan === null
  ) {
    return undefined
  }
  return readProject({
    id: joined_id,
    slug: joined_slug,
    name: joined_name,
    owner: row.joined_owner,
    allowed_origins: joined_allowed_origins,
    retention_days: row.joined_retention_days,
    timezone: joined_timezone,
    plan: joined_plan,
    created_at: row.joined_created_at,
  })
}

export function readKey(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    project_id: row.project_id,
    owner: row.owner,
    kind: row.kind,
    env: row.env,
    prefix: row.prefix,
    secret_hash: row.secret_hash,
    pepper_id: row.pepper_id,
    scopes: row.scopes,
    name: row.name,
    created_at: readTime(row.created_at),
    expires_at: readOptionalTime(row.expires_at),
    revoked_at: readOptionalTime(row.revoked_at),
    last_used_at: readOptionalTime(row.last_used_at),
    replaced_by: row.replaced_by,
  }
}

export function writeTime(time: number): string {
  return new Date(time).toISOString()
}

export function writeOptionalTime(time: number | null): string | null {
  return time === null ? null : writeTime(time)
}

export function readTime(value: unknown): number {
  // Postgres writes `2026-05-16 19:00:00.123+00`, which only some engines parse.
  const text = String(value)
    .replace(' ', 'T')
    .replace(/([+-]\d\d)$/, '$1:00')
  const time = value instanceof Date ? value.getTime() : Date.parse(text)
  if (Number.isNaN(time)) throw new TypeError(`Postgres returned a time that can't be read: ${String(value)}`)
  return time
}

export function readOptionalTime(value: unknown): number | null {
  return value === null ? null : readTime(value)
}
