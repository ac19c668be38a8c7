/** Columns of events that a report can group and filter by. */
export const DIMENSIONS = [
  'event_name',
  'source',
  'medium',
  'campaign',
  'term',
  'content',
  'channel',
  'country',
  'device_type',
  'browser',
  'os',
  'path',
  'hostname',
  'referrer_host',
  'user_id',
] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** What a session has of its own: of its first event, and of its first and last page. */
export const SESSION_DIMENSIONS = [
  'source',
  'medium',
  'campaign',
  'term',
  'content',
  'channel',
  'referrer_host',
  'hostname',
  'country',
  'device_type',
  'browser',
  'os',
  'entry_path',
  'exit_path',
] as const
export type SessionDimension = (typeof SESSION_DIMENSIONS)[number]

/** A property by its key, which may itself hold dots: only the top level of `properties` is looked at. */
export type PropertyField = `properties.${string}`
export type StatsDimension = Dimension | SessionDimension | PropertyField
