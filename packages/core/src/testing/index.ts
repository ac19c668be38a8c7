export type { EventStoreCase } from './event-store-case.js'
export { eventStoreCases } from './event-store-cases.js'
export { type KeyStoreCase, keyStoreCases } from './key-store-cases.js'
export { OTHER_PROJECT, storedEvent, TEST_NOON, TEST_PROJECT } from './stored-event.js'
