import { reportCases } from './event-report-cases.js'
import { storageCases } from './event-storage-cases.js'
import type { EventStoreCase } from './event-store-case.js'

/** What every event store must do; each case gets an empty store of its own. */
export const eventStoreCases: readonly EventStoreCase[] = [...storageCases, ...reportCases]
