export type { PepperOption } from '../../crypto/pepper.js'
export type { PostgresClient, PostgresKeysOptions, PostgresPool } from './postgres-keys.js'
export { postgresKeys } from './postgres-keys.js'
export type { SqlKeyStore } from './sql-key-store.js'
