export { memoryEvents } from './memory-events.js'
export { memoryKeys } from './memory-keys.js'
