/** Files that only the full measure runs: each holds a law against many more histories, deaths or doors than the rest of the suite needs to notice that it broke. */
export const FULL_MEASURE: readonly string[] = [
  'packages/core/test/cluster/distributed.test.ts',
  'packages/core/test/isolation/canaries-on-engines.test.ts',
  'packages/core/test/isolation/secrets.test.ts',
  'packages/core/test/isolation/statements.test.ts',
  'packages/core/test/oracle/hand-sql.test.ts',
  'packages/core/test/poison/half-stored.test.ts',
  'packages/core/test/poison/lost-answers.test.ts',
  'packages/core/test/privacy/half-stored-erasure.test.ts',
  'packages/core/test/query/reclassify-properties.test.ts',
  'packages/core/test/query/reclassify-runs.test.ts',
  'packages/core/test/stores/crash-kills.test.ts',
  'packages/core/test/stores/crash-sweep.test.ts',
  'packages/core/test/stores/crash-unknown.test.ts',
  'scripts/test/clickhouse-server.test.ts',
]
