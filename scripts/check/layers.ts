/**
 * Who may import whom. An arrow that is not written here is refused, also for types; to allow a new one, write it
 * down here, where a reviewer sees it.
 */

const M = '@millimetric'

/** What a package may import of the other packages here: `type` for types only, `value` for anything. */
export const PACKAGE_ARROWS: Readonly<Record<string, Readonly<Record<string, 'type' | 'value'>>>> = {
  [`${M}/classifier`]: {},
  [`${M}/schema`]: {},
  [`${M}/track`]: { [`${M}/schema`]: 'type', [`${M}/schema/wire`]: 'type', [`${M}/schema/limits`]: 'value' },
  [`${M}/track-node`]: {
    [`${M}/schema`]: 'type',
    [`${M}/schema/wire`]: 'type',
    [`${M}/schema/limits`]: 'value',
  },
  [`${M}/core`]: {
    [`${M}/classifier`]: 'value',
    [`${M}/schema`]: 'value',
    [`${M}/schema/wire`]: 'value',
    [`${M}/schema/limits`]: 'value',
    [`${M}/schema/fixtures`]: 'value',
    [`${M}/track/script`]: 'value',
  },
  [`${M}/adapters`]: { [`${M}/core`]: 'value', [`${M}/schema/wire`]: 'type' },
}

/** Packages that may import these foreign modules and no others; the rest may import what their manifest declares. */
export const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  [`${M}/classifier`]: [],
  [`${M}/schema`]: ['zod'],
  [`${M}/track`]: [],
}

const GROUND = ['errors', 'option-names', 'time', 'parse-url', 'diagnostics', 'crypto', 'catalog'] as const
const USE_CASES = ['ingest', 'query', 'privacy', 'auth', 'projects'] as const
const BELOW_HTTP = [...USE_CASES, 'ports', ...GROUND]
const BELOW_ROOT = ['http', 'extension', 'options', ...BELOW_HTTP]
const DRIVER = ['ports', 'errors', 'option-names', 'time', 'parse-url', 'diagnostics', 'crypto']
const EVERYTHING_BUT_LEAVES = ['index', 'analytics', 'api', 'spools', 'stores', ...BELOW_ROOT]

/**
 * Rooms of core, highest first, with the rooms each may look into (its own always). A room is a file or folder of
 * src; `stores` stands for every store, `stores/memory` for one.
 */
export const CORE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  // Leaves: they see what they need, nobody sees them.
  cli: EVERYTHING_BUT_LEAVES,
  mcp: EVERYTHING_BUT_LEAVES,
  migrate: EVERYTHING_BUT_LEAVES,
  testing: EVERYTHING_BUT_LEAVES,

  index: ['analytics', 'api', ...BELOW_ROOT],
  // What createAnalytics gives, apart from how it is made.
  api: BELOW_ROOT,
  receipts: ['api', ...BELOW_HTTP],
  analytics: ['api', 'receipts', 'spools', 'stores/memory', ...BELOW_ROOT],
  options: ['extension', ...BELOW_HTTP],
  http: ['extension', 'options', ...BELOW_HTTP],
  extension: BELOW_HTTP,

  ...Object.fromEntries(USE_CASES.map((room) => [room, BELOW_HTTP])),

  'stores/memory': DRIVER,
  'stores/clickhouse': DRIVER,
  'stores/chdb': ['stores/clickhouse', ...DRIVER],
  'stores/postgres': DRIVER,
  'stores/pglite': ['stores/postgres', ...DRIVER],
  'stores/redis': DRIVER,
  spools: DRIVER,

  ports: GROUND,
  ...Object.fromEntries(GROUND.map((room) => [room, GROUND])),
}
