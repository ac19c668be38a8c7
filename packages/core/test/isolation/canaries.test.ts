import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { FULL } from '../../../../scripts/test-run/measure.js'
import { canaryMatrix } from './canary-matrix.js'
import { DOORS } from './tenants.js'

canaryMatrix(async () => ({ events: memoryEvents(), keys: memoryKeys() }), {
  pairs: 6,
  doors: DOORS,
  things: 99,
  fuzz: FULL ? 20_000 : 4_000,
})
