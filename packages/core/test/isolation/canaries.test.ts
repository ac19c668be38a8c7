import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { canaryMatrix } from './canary-matrix.js'
import { DOORS } from './tenants.js'

canaryMatrix(async () => ({ events: memoryEvents(), keys: memoryKeys() }), {
  pairs: 6,
  doors: DOORS,
  things: 99,
  fuzz: 20_000,
})
