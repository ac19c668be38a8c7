/** How a person's rows leave a table. */
export type Erased =
  /** By the ids in the row itself. */
  | 'by_person'
  /** With the events it was computed from. */
  | 'with_events'
  /** When the erasure itself is over. */
  | 'after_erasure'
  /** It holds nothing that leads to a person. */
  | 'nothing_to_erase'
  /** It is destroyed by its age, within two days. */
  | 'by_age'

export interface PersonalData {
  /** The store by its port. */
  readonly store: 'events' | 'keys'
  /** Table, or kind of record. */
  readonly name: string
  /** Columns that lead to a person: an id, its hash, or a state that remembers hashes. */
  readonly columns: readonly string[]
  readonly erased: Erased
  /** Says when rows leave by the project's retention; absent when they stay. */
  readonly expires?: string
  /** Why nothing leads to a person, or why it may stay. */
  readonly because?: string
}

/**
 * Every table of every store. A test fails when a migration makes a table that is not here, or gives one a column that
 * looks like a person's: decide then how an erasure reaches it, and write it down.
 */
export const PERSONAL_DATA: readonly PersonalData[] = [
  {
    store: 'events',
    name: 'events',
    columns: [
      'anonymous_id',
      'user_id',
      'session_id',
      'ip_hash',
      'event_id',
      'url',
      'referrer',
      'referrer_host',
      'properties',
    ],
    erased: 'by_person',
    expires: 'timestamp',
  },
  {
    store: 'events',
    name: 'event_ids',
    columns: ['id_hash', 'body_hash'],
    erased: 'with_events',
    expires: 'timestamp',
  },
  {
    store: 'events',
    name: 'identity_links',
    columns: ['anonymous_id', 'user_id', 'event_id'],
    erased: 'by_person',
    expires: 'timestamp',
  },
  {
    store: 'events',
    name: 'daily_rollup',
    columns: ['visitors'],
    erased: 'with_events',
    expires: 'day_start',
  },
  {
    store: 'events',
    name: 'rollup_days',
    columns: [],
    erased: 'nothing_to_erase',
    expires: 'day_start',
    because: 'Says how many rows a day was computed from.',
  },
  {
    store: 'events',
    name: 'marks',
    columns: [],
    erased: 'nothing_to_erase',
    expires: 'quarter',
    because: 'Counts of rows by quarter of an hour.',
  },
  {
    store: 'events',
    name: 'sweeps',
    columns: [],
    erased: 'nothing_to_erase',
    because: 'Times of upkeep.',
  },
  {
    store: 'events',
    name: 'quarantine',
    columns: ['anonymous_id', 'user_id', 'event_id', 'row'],
    erased: 'by_person',
    expires: 'timestamp',
  },
  {
    store: 'events',
    name: 'erasures',
    columns: ['user_id', 'anonymous_id'],
    erased: 'after_erasure',
  },
  {
    store: 'events',
    name: 'erased_rows',
    columns: ['user_id', 'anonymous_id', 'event_id', 'id_hash'],
    erased: 'after_erasure',
  },
  {
    store: 'events',
    name: 'tombstones',
    columns: ['hash'],
    erased: 'nothing_to_erase',
    expires: 'until',
    because:
      'Keyed hashes; the key is the pepper, which is in no database. They are what keeps late events out.',
  },
  {
    store: 'events',
    name: 'erasure_records',
    columns: [],
    erased: 'nothing_to_erase',
    because: 'Proof that an erasure took place: its job, its times and how many rows.',
  },
  {
    store: 'events',
    name: 'reclassifications',
    columns: ['key'],
    erased: 'by_age',
    because:
      'Hashes of url and referrer while history is judged again; gone with the run, at the latest after a day.',
  },
  {
    store: 'events',
    name: 'migrations',
    columns: [],
    erased: 'nothing_to_erase',
    because: 'Versions of the tables.',
  },
  {
    store: 'keys',
    name: 'projects',
    columns: ['owner'],
    erased: 'nothing_to_erase',
    because: 'Of the operator, not of visitors.',
  },
  {
    store: 'keys',
    name: 'api_keys',
    columns: ['owner'],
    erased: 'nothing_to_erase',
    because: 'Of the operator, not of visitors.',
  },
  {
    store: 'keys',
    name: 'usage_meter',
    columns: [],
    erased: 'nothing_to_erase',
    because: 'Counts by project and month.',
  },
  {
    store: 'keys',
    name: 'usage_writes',
    columns: [],
    erased: 'nothing_to_erase',
    because: 'Random names of writes to the meter, for a week, so that one that is sent again counts once.',
  },
  {
    store: 'keys',
    name: 'ip_salts',
    columns: ['salt'],
    erased: 'by_age',
    because: 'While it lives, a hash of an address can be made again.',
  },
  {
    store: 'keys',
    name: 'jobs',
    columns: [],
    erased: 'nothing_to_erase',
    because: 'State and counts; who is to be erased is written in erasures.',
  },
  {
    store: 'keys',
    name: 'migrations',
    columns: [],
    erased: 'nothing_to_erase',
    because: 'Versions of the tables.',
  },
]
