export type { PepperOption } from '../../crypto/pepper.js'
export type { SqlKeyStore } from '../postgres/engine.js'
export type { PgliteKeysOptions } from './pglite-keys.js'
export { pgliteKeys } from './pglite-keys.js'
