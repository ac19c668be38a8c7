import { chdbEvents } from '@millimetric/core/chdb'
import { pgliteKeys } from '@millimetric/core/pglite'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { canaryMatrix } from './canary-matrix.js'

// The same on ClickHouse and Postgres, with one who asks, through the right doors, and fewer rounds: whatever is refused before a store is asked was
// seen on the stores in memory.
canaryMatrix(
  async () => ({
    events: chdbEvents({ path: CHDB_PATH, database: freshDatabase() }),
    keys: pgliteKeys({ pepper: 'a pepper for the canaries' }),
  }),
  { pairs: 1, doors: [], things: 4, fuzz: 500 },
)
