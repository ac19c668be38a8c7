// The long run of the oracle: `npm run oracle -- --histories 2000`, or `--histories 1 --seed 42` to replay one history.
// Seeds that fail are written down in packages/core/test/oracle/seeds.json, to be committed; every run begins with them.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { histories: { type: 'string' }, seed: { type: 'string' } },
})
for (const [name, value] of Object.entries(values)) {
  if (/^\d{1,10}$/.test(value)) continue
  console.error(`--${name} takes a whole number, not "${value}".`)
  process.exit(2)
}

const root = fileURLToPath(new URL('..', import.meta.url))
// A replay is of one history; laws and visitors have nothing to do with it.
const what =
  values.seed === undefined ? 'packages/core/test/oracle' : 'packages/core/test/oracle/oracle.test.ts'
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--no-file-parallelism', what],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ORACLE_LONG: '1',
      ORACLE_HISTORIES: values.histories ?? '2000',
      ...(values.seed === undefined ? {} : { ORACLE_SEED: values.seed }),
    },
  },
)
process.exit(status ?? 1)
