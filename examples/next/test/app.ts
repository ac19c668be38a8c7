import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { freePort, type Running, start } from '../../hono/test/start.js'

const example = fileURLToPath(new URL('..', import.meta.url))
const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
const quiet = { NEXT_TELEMETRY_DISABLED: '1' }

export interface App {
  url: string
  keys: { pk: string; sk: string; rk: string }
  server: Running
}

/** Builds the app as it would be deployed. */
export async function buildApp(): Promise<void> {
  await run([next, 'build'], {})
}

/** Fills a data folder with made-up traffic, and gives the keys of its project. */
export async function seed(folder: string): Promise<App['keys']> {
  const program = await run(['--import', 'tsx', 'src/seed.ts'], { DATA_DIR: folder })
  return keysOf(program)
}

async function run(args: string[], env: Record<string, string>): Promise<Running> {
  const program = start(example, args, { ...quiet, ...env })
  if ((await program.ended()) !== 0) {
    throw new Error(`${args.join(' ')} failed\n${program.stdout()}\n${program.stderr()}`)
  }
  return program
}

/** Starts the app on a data folder. */
export async function boot(folder: string, url: string, more: Record<string, string> = {}): Promise<Running> {
  const env = { ...quiet, DATA_DIR: folder, SITE_URL: url, ...more }
  const program = start(example, [next, 'start', '--port', new URL(url).port], env)
  await program.printed('stdout', /Ready in/)
  return program
}

export async function freeUrl(): Promise<string> {
  return `http://localhost:${await freePort()}`
}

/** The keys that the first start has printed. */
export function keysOf(program: Running): App['keys'] {
  const keys: App['keys'] = JSON.parse(/Keys, shown once: (\{.*\})\n/.exec(program.stdout())?.[1] ?? '{}')
  return keys
}
