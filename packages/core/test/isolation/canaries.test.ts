import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { canaryMatrix } from './canary-matrix.js'

canaryMatrix(async () => ({ events: memoryEvents(), keys: memoryKeys() }), {
  ids: ({ id, slug, owner, jobId, keyIds, keys }) => [
    id,
    slug,
    owner,
    jobId,
    ...keyIds,
    ...Object.values(keys),
  ],
  asked: 500,
  fuzz: 20_000,
})
