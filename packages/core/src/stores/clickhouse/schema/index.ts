import { eventsTables } from './events.js'
import { idTables } from './ids.js'
import { linkTables } from './links.js'
import { markTables } from './marks.js'
import { privacyTables } from './privacy.js'
import { quarantineTables } from './quarantine.js'
import { reclassificationTables } from './reclassifications.js'
import { rollupTables } from './rollup.js'
import { sessionViews } from './sessions.js'

export interface Migration {
  readonly version: number
  readonly name: string
  /** Statements in order; `db` is the quoted database. Each can run twice. */
  statements(db: string): readonly string[]
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'events', statements: eventsTables },
  { version: 2, name: 'event_ids', statements: idTables },
  { version: 3, name: 'marks', statements: markTables },
  { version: 4, name: 'identity_links', statements: linkTables },
  { version: 5, name: 'sessions', statements: sessionViews },
  { version: 6, name: 'daily_rollup', statements: rollupTables },
  { version: 7, name: 'privacy', statements: privacyTables },
  { version: 8, name: 'quarantine', statements: quarantineTables },
  { version: 9, name: 'reclassifications', statements: reclassificationTables },
]
