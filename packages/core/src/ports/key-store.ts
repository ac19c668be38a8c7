/** A tenant. Times are epoch milliseconds. */
export interface Project {
  /** UUID, lower case. */
  readonly id: string
  /** Unique, 1–63 of `a-z 0-9 -`, starts and ends with a letter or digit. */
  readonly slug: string
  readonly name: string
  /** The host's id of the owning account; null in single-tenant installs. */
  readonly owner: string | null
  /** Canonical origins (`https://example.com`) and label wildcards (`https://*.example.com`). */
  readonly allowed_origins: readonly string[]
  /** Days to keep events; null = for ever. */
  readonly retention_days: number | null
  /** IANA zone, default of every question. */
  readonly timezone: string
  readonly plan: string
  readonly created_at: number
}

export type KeyKind = 'pk' | 'sk' | 'rk' | 'ak'
export type KeyEnv = 'live' | 'test'
export type Scope = 'ingest' | 'read' | 'admin'

/** A key as stored: the secret itself exists nowhere. */
export interface KeyRecord {
  readonly id: string
  /** Null for account keys. */
  readonly project_id: string | null
  /** Owner whose projects an account key reads; null for the other kinds. */
  readonly owner: string | null
  readonly kind: KeyKind
  readonly env: KeyEnv
  /** 8 lower-case hex characters, unique. */
  readonly prefix: string
  /** Hex of sha256(secret + pepper). */
  readonly secret_hash: string
  readonly pepper_id: string
  readonly scopes: readonly Scope[]
  readonly name: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly revoked_at: number | null
  readonly last_used_at: number | null
  /** Id of the key that a rotation put in its place; a key is rotated once. */
  readonly replaced_by: string | null
}

/** Random bytes of one UTC day, hex; destroyed within 48 hours. */
export interface Salt {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string
  readonly salt: string
}

export interface UsageRow {
  readonly project_id: string
  /** `YYYY-MM`, UTC. */
  readonly month: string
  readonly events: number
}

export type JobState = 'queued' | 'running' | 'done' | 'failed'

/** Work that outlives its request. It holds no personal data. Times are epoch milliseconds. */
export interface Job {
  /** UUID, lower case. */
  readonly id: string
  readonly project_id: string
  readonly kind: 'forget' | 'retention'
  readonly state: JobState
  /** Rows by what they are, for example `{ events: 12 }`. */
  readonly counts: Readonly<Record<string, number>>
  readonly created_at: number
  readonly finished_at: number | null
  /** When nothing was found to be left. */
  readonly verified_at: number | null
  /** Why it failed, without personal data. */
  readonly error: string | null
}

export type JobPatch = {
  readonly [K in 'state' | 'counts' | 'finished_at' | 'verified_at' | 'error']?: Job[K]
}

/** A pepper and the name stored beside each hash made with it. */
export interface Pepper {
  readonly id: string
  readonly value: string
}

export interface FoundKey {
  readonly key: KeyRecord
  /** Undefined for account keys. */
  readonly project: Project | undefined
}

/** What another process changed, for those who keep copies; `missed`: anything may have changed. */
export type KeyStoreChange =
  | { readonly kind: 'key'; readonly prefix: string }
  | { readonly kind: 'project'; readonly project_id: string }
  | { readonly kind: 'missed' }

export type ProjectPatch = {
  readonly [K in 'slug' | 'name' | 'allowed_origins' | 'retention_days' | 'timezone' | 'plan']?: Project[K]
}

/**
 * The control plane. It holds hashes and never sees a secret. Errors: `AnalyticsError` `slug_taken`, or
 * `storage_unavailable` when the database can't be reached.
 */
export interface KeyStore {
  readonly name: string
  /** Milliseconds that the first answer may take, where opening makes files; absent = no longer than those after it. */
  readonly openingMs?: number | undefined
  /** First = the one new keys are hashed with; all are tried for verification by `pepper_id`. */
  peppers(): Promise<readonly [Pepper, ...Pepper[]]>

  /** Stores the project and its first keys, or nothing. */
  insertProject(project: Project, keys?: readonly KeyRecord[]): Promise<void>
  /** By UUID or slug; undefined when there is none. */
  findProject(idOrSlug: string): Promise<Project | undefined>
  /** By slug ascending; with `owner`, only that owner's. */
  listProjects(options?: { owner?: string }): Promise<readonly Project[]>
  /** The project after the change; undefined when there is none. */
  updateProject(id: string, patch: ProjectPatch): Promise<Project | undefined>

  insertKey(key: KeyRecord): Promise<void>
  /** The key and its project (undefined for account keys); revoked and expired keys are found too. */
  findKey(prefix: string): Promise<FoundKey | undefined>
  /** Many at once, in any order; what does not exist is left out. */
  findKeys(prefixes: readonly string[]): Promise<readonly FoundKey[]>
  /** By creation time ascending. */
  listKeys(projectId: string): Promise<readonly KeyRecord[]>
  /** False when the project has no such key; the first revocation time stays. */
  revokeKey(projectId: string, keyId: string, revokedAt: number): Promise<boolean>
  /**
   * Stores `next` in place of the old key, which ends at `expiresAt` unless it ends earlier: both or nothing. False
   * when the project (for account keys: the owner) of `next` has no such key, or it has ended by `next.created_at`, or
   * was replaced before.
   */
  rotateKey(keyId: string, expiresAt: number, next: KeyRecord): Promise<boolean>
  /** Account keys of an owner, by creation time ascending. */
  listAccountKeys(owner: string): Promise<readonly KeyRecord[]>
  /** False when the owner has no such account key; the first revocation time stays. */
  revokeAccountKey(owner: string, keyId: string, revokedAt: number): Promise<boolean>
  /** Keeps the latest time per key. */
  touchKeys(used: readonly { id: string; last_used_at: number }[]): Promise<void>

  /**
   * Adds to the meter, once for each write (a UUID): the same write again adds nothing, for at least a week. One call is
   * atomic.
   */
  addUsage(write: string, rows: readonly UsageRow[]): Promise<void>
  /** Puts the meter to a number. */
  setUsage(row: UsageRow): Promise<void>
  /** Of any number of projects, by project and month ascending. */
  usage(projectIds: readonly string[]): Promise<readonly UsageRow[]>

  /** The day's salt: `candidate` when the day had none, else the one stored first, whoever asked. */
  claimSalt(candidate: Salt): Promise<Salt>
  /** Destroys the salts of all days before `day` (YYYY-MM-DD); returns how many. */
  deleteSaltsBefore(day: string): Promise<number>

  insertJob(job: Job): Promise<void>
  findJob(projectId: string, jobId: string): Promise<Job | undefined>
  /** The job after the change; undefined when the project has no such job. */
  updateJob(projectId: string, jobId: string, patch: JobPatch): Promise<Job | undefined>
  /** Jobs in any of the states, oldest first; of all projects for null. */
  listJobs(projectId: string | null, states: readonly JobState[]): Promise<readonly Job[]>

  /**
   * Present where a driver hears of changes that other processes make. Calls back until the returned function is
   * called. Rejects when it can't listen; while a connection is down it tries to connect again, and says `missed`
   * when it is back.
   */
  watch?(onChange: (change: KeyStoreChange) => void): Promise<() => Promise<void>>

  close(): Promise<void>
}
