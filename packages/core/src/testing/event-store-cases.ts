import { attributionCases } from './event-attribution-cases.js'
import { cohortsCases } from './event-cohorts-cases.js'
import { conditionCases } from './event-condition-cases.js'
import { exportCases } from './event-export-cases.js'
import { funnelCases } from './event-funnel-cases.js'
import { funnelPeopleCases } from './event-funnel-people-cases.js'
import { identityCases } from './event-identity-cases.js'
import { lengthCases } from './event-length-cases.js'
import { liveCases } from './event-live-cases.js'
import { pathsCases } from './event-paths-cases.js'
import { personCases } from './event-person-cases.js'
import { quarantineCases } from './event-quarantine-cases.js'
import { reclassifyCases } from './event-reclassify-cases.js'
import { reportCases } from './event-report-cases.js'
import { schemaCases } from './event-schema-cases.js'
import { sessionCases } from './event-session-cases.js'
import { sessionReportCases } from './event-session-report-cases.js'
import { statsCases } from './event-stats-cases.js'
import { storageCases } from './event-storage-cases.js'
import type { EventStoreCase } from './event-store-case.js'
import { touchCases } from './event-touch-cases.js'
import { twinCases } from './event-twin-cases.js'

/** What every event store must do; each case gets an empty store of its own. */
export const eventStoreCases: readonly EventStoreCase[] = [
  ...storageCases,
  ...quarantineCases,
  ...reportCases,
  ...cohortsCases,
  ...pathsCases,
  ...statsCases,
  ...conditionCases,
  ...sessionCases,
  ...sessionReportCases,
  ...identityCases,
  ...funnelCases,
  ...funnelPeopleCases,
  ...twinCases,
  ...reclassifyCases,
  ...exportCases,
  ...schemaCases,
  ...attributionCases,
  ...touchCases,
  ...liveCases,
  ...personCases,
  ...lengthCases,
]
