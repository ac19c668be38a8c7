export type { PepperOption } from '../../crypto/pepper.js'
export type { SqlKeyStore } from '../postgres/sql-key-store.js'
export type { PgliteKeysOptions } from './pglite-keys.js'
export { pgliteKeys } from './pglite-keys.js'
