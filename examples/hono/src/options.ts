import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** Print the table and end, without a server. */
  once: boolean
  /** Print one line of JSON on stdout when ready. */
  json: boolean
  seed: boolean
  port: number
  host: string
  folder: string
}

/** Reads the command line and the environment. Throws with a sentence for people. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): DemoOptions {
  const values = readFlags(args)
  // npm runs this in its own folder and says in INIT_CWD where it was called.
  const here = env.INIT_CWD ?? process.cwd()
  return {
    once: values.once,
    json: values.json,
    seed: !values['no-seed'],
    port: readPort(env.PORT),
    host: env.HOST ?? '127.0.0.1',
    folder: resolve(here, env.DATA_DIR ?? '.millimetric'),
  }
}

function readFlags(args: string[]): { once: boolean; json: boolean; 'no-seed': boolean } {
  try {
    return parseArgs({
      args,
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'no-seed': { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    const [reason] = error instanceof Error ? error.message.split(/[.\n]/) : [String(error)]
    throw new Error(`${reason}. The demo takes --once, --json and --no-seed (npm run demo -- --once).`)
  }
}

function readPort(text = '8787'): number {
  const port = Number(text)
  if (text.trim() !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Error(`PORT must be a whole number from 0 to 65535, 0 for any free one; it is "${text}".`)
}
