import type { KeyStoreChange } from '../../ports/key-store.js'
import { withDeadline } from '../../time.js'

/** The channel that the triggers of the migrations notify. */
export const CHANNEL = 'millimetric'

/** What the listener uses of a `Client` of the `pg` package. */
export interface ListeningClient {
  connect(): Promise<unknown>
  query(text: string): Promise<unknown>
  on(event: 'notification', listener: (message: { payload?: string | undefined }) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  end(): Promise<void>
  /** Lets the process end although the connection is open. */
  unref?(): void
}

const LISTEN = `listen ${CHANNEL}`
const PAUSES_MS = [100, 500, 1_000, 2_000, 5_000]
const CONNECT_MS = 3_000
// A connection that broke silently is deaf; together these keep a revocation under five seconds.
const BEAT_MS = 2_000
const BEAT_ANSWER_MS = 1_500
const END_MS = 1_000

/**
 * Hears the changes of one schema until the returned function is called. The first connection must work; later ones
 * are made again for ever, and since nothing is known about the time between, `missed` is said each time. A connection
 * that does not answer is given up, whatever the operating system thinks of it.
 */
export async function listen(options: {
  connect: () => Promise<ListeningClient>
  schema: string
  onChange: (change: KeyStoreChange) => void
}): Promise<() => Promise<void>> {
  const { connect, schema, onChange } = options
  let client: ListeningClient | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  async function open(): Promise<void> {
    const made = await connect()
    made.on('error', () => {})
    made.on('notification', ({ payload }) => {
      const change = client === made ? readChange(payload, schema) : undefined
      if (change !== undefined) onChange(change)
    })
    try {
      await withDeadline(
        CONNECT_MS,
        begin(made),
        'The connection that hears of changes was not made in time.',
      )
    } catch (error) {
      drop(made)
      throw error
    }
    if (stopped) return drop(made)
    client = made
    made.on('end', () => lost(made))
    made.unref?.()
    onChange({ kind: 'missed' })
    beat(made)
  }

  async function begin(made: ListeningClient): Promise<void> {
    await made.connect()
    await made.query(LISTEN)
  }

  function beat(made: ListeningClient): void {
    later(BEAT_MS, () => {
      // Listening twice is listening once; it says that the server is there.
      withDeadline(BEAT_ANSWER_MS, made.query(LISTEN), '').then(
        () => {
          if (client === made) beat(made)
        },
        () => {
          drop(made)
          lost(made)
        },
      )
    })
  }

  function lost(made: ListeningClient): void {
    if (client !== made) return
    client = undefined
    reopen(0)
  }

  function reopen(attempt: number): void {
    later(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0, () => {
      open().catch(() => reopen(attempt + 1))
    })
  }

  function later(ms: number, work: () => void): void {
    if (stopped) return
    clearTimeout(timer)
    timer = setTimeout(work, ms)
    if (typeof timer === 'object') timer.unref()
  }

  await open()
  return async () => {
    stopped = true
    clearTimeout(timer)
    if (client !== undefined) await withDeadline(END_MS, client.end(), '').catch(() => {})
  }
}

/** Not waited for: a connection that is dead has no end. */
function drop(client: ListeningClient): void {
  client.end().catch(() => {})
}

function readChange(payload: string | undefined, schema: string): KeyStoreChange | undefined {
  try {
    const read: unknown = JSON.parse(payload ?? '')
    if (typeof read !== 'object' || read === null || !('schema' in read) || read.schema !== schema)
      return undefined
    if ('prefix' in read && typeof read.prefix === 'string') return { kind: 'key', prefix: read.prefix }
    if ('project_id' in read && typeof read.project_id === 'string') {
      return { kind: 'project', project_id: read.project_id }
    }
    return undefined
  } catch {
    // Anybody may notify on a channel.
    return undefined
  }
}

/** Triggers that tell of what other processes may have cached: not of `last_used_at`. For a quoted schema name. */
export function changeTriggers(schema: string): readonly string[] {
  const notify = (name: string, field: string, column: string): string =>
    `create function ${schema}.${name}() returns trigger language plpgsql set search_path = pg_catalog as $notify$
begin
  perform pg_notify('${CHANNEL}', json_build_object('schema', tg_table_schema, '${field}', coalesce(new.${column}, old.${column}))::text);
  return null;
end
$notify$`
  return [
    notify('notify_key_change', 'prefix', 'prefix'),
    `create trigger api_keys_changed
  after insert or delete or update of project_id, owner, kind, env, prefix, secret_hash, pepper_id, scopes, expires_at, revoked_at
  on ${schema}.api_keys for each row execute function ${schema}.notify_key_change()`,
    notify('notify_project_change', 'project_id', 'id'),
    `create trigger projects_changed after insert or delete or update on ${schema}.projects
  for each row execute function ${schema}.notify_project_change()`,
  ]
}
