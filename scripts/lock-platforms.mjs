// Puts chDB's builds for other platforms into package-lock.json. A registry mirror that lacks them makes
// `npm install` leave them out, and `npm ci` then refuses the lock on every platform. Run after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs'

const BUILDS = [
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  { name: 'linux-arm64-gnu', os: 'linux', cpu: 'arm64' },
]

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const { version, license } = lock.packages['node_modules/@chdb/lib-linux-x64-gnu']
for (const { name, os, cpu } of BUILDS) {
  lock.packages[`node_modules/@chdb/lib-${name}`] ??= {
    version,
    cpu: [cpu],
    license,
    optional: true,
    os: [os],
  }
}
const packages = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(
  'package-lock.json',
  `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`,
)
