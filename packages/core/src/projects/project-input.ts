import { invalidField, knownFields, textField } from '../auth/input-field.js'
import { validateAllowedOrigin } from '../auth/origin.js'
import type { Project, ProjectPatch } from '../ports/key-store.js'

export interface CreateProject {
  /** Unique, 1–63 of `a-z 0-9 -`, starts and ends with a letter or digit; not in the form of a UUID. */
  readonly slug: string
  /** 1–128 characters; default the slug. */
  readonly name?: string | undefined
  /** The host's id of the owning account, 1–256 characters; null (default) in single-tenant installs. */
  readonly owner?: string | null | undefined
  /** At most 100 origins such as `https://example.com` or `https://*.example.com`; default none. */
  readonly allowed_origins?: readonly string[] | undefined
  /** 1–36500; null (default) keeps events for ever. */
  readonly retention_days?: number | null | undefined
  /** IANA zone; default `UTC`. */
  readonly timezone?: string | undefined
  /** 1–64 characters; default `default`. */
  readonly plan?: string | undefined
}

/** Any of these; a field that is absent or undefined stays as it is. */
export type UpdateProject = { readonly [K in keyof ProjectPatch]?: ProjectPatch[K] | undefined }

const PATCHABLE = ['slug', 'name', 'allowed_origins', 'retention_days', 'timezone', 'plan'] as const
const MAX_ORIGINS = 100
const MAX_RETENTION_DAYS = 36_500

/** Checked fields of a new project with their defaults; throws `invalid_params` naming the field. */
export function newProjectFields(input: CreateProject): Omit<Project, 'id' | 'created_at'> {
  knownFields(input, [...PATCHABLE, 'owner'])
  const slug = slugField(input.slug)
  const { name = slug, owner = null, allowed_origins = [], retention_days = null } = input
  const { timezone = 'UTC', plan = 'default' } = input
  return {
    slug,
    name: textField('name', name, 128),
    owner: owner === null ? null : textField('owner', owner, 256),
    allowed_origins: originsField(allowed_origins),
    retention_days: retentionField(retention_days),
    timezone: timezoneField(timezone),
    plan: textField('plan', plan, 64),
  }
}

/** Checked changes; throws `invalid_params` naming the field. */
export function projectPatch(input: UpdateProject): ProjectPatch {
  knownFields(input, PATCHABLE)
  const { slug, name, allowed_origins, retention_days, timezone, plan } = input
  return {
    ...(slug === undefined ? {} : { slug: slugField(slug) }),
    ...(name === undefined ? {} : { name: textField('name', name, 128) }),
    ...(allowed_origins === undefined ? {} : { allowed_origins: originsField(allowed_origins) }),
    ...(retention_days === undefined ? {} : { retention_days: retentionField(retention_days) }),
    ...(timezone === undefined ? {} : { timezone: timezoneField(timezone) }),
    ...(plan === undefined ? {} : { plan: textField('plan', plan, 64) }),
  }
}

/** Whether a text has the form of a project id. */
export function isProjectId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}

function slugField(slug: unknown): string {
  if (typeof slug !== 'string' || !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(slug)) {
    throw invalidField(
      'slug',
      'must be 1–63 of a-z, 0-9 and "-", starting and ending with a letter or digit.',
    )
  }
  // Projects are found by id or slug, so a slug must never look like somebody else's id.
  if (isProjectId(slug)) throw invalidField('slug', 'must not have the form of a UUID.')
  return slug
}

function originsField(origins: unknown): readonly string[] {
  if (!Array.isArray(origins) || origins.length > MAX_ORIGINS) {
    throw invalidField('allowed_origins', `must be a list of at most ${MAX_ORIGINS} origins.`)
  }
  return [...new Set(origins.map((entry) => validateAllowedOrigin(entry)))]
}

function retentionField(days: unknown): number | null {
  if (days === null) return null
  if (typeof days === 'number' && Number.isInteger(days) && days >= 1 && days <= MAX_RETENTION_DAYS)
    return days
  throw invalidField('retention_days', `must be null or a whole number from 1 to ${MAX_RETENTION_DAYS}.`)
}

function timezoneField(zone: unknown): string {
  const known = typeof zone === 'string' ? knownZone(zone) : undefined
  if (known !== undefined) return known
  throw invalidField('timezone', 'must be an IANA time zone such as Europe/Berlin or UTC.')
}

/** The zone as its name is written; databases are strict about case where Intl is not. */
function knownZone(zone: string): string | undefined {
  // Intl also takes offsets such as +05:30, which are no zones to the event stores.
  if (!/^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/i.test(zone) || zone.length > 64) return undefined
  try {
    const resolved = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
    if (resolved.toLowerCase() === zone.toLowerCase()) return resolved
    // An alias (Asia/Kolkata): its own spelling can't be looked up, so only the usual one is taken.
    return /^[A-Z]/.test(zone) ? zone : undefined
  } catch {
    return undefined
  }
}
