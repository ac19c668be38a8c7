export { memoryEvents } from './memory-events.js'
export { memoryKeys } from './memory-keys.js'
export { memoryRateLimits } from './memory-rate-limits.js'
