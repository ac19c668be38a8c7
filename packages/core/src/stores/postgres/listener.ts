import type { KeyStoreChange } from '../../ports/key-store.js'

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

const PAUSES_MS = [100, 500, 1_000, 2_000, 5_000]

/**
 * Hears the changes of one schema until the returned function is called. The first connection must work; later ones
 * are made again for ever, and since nothing is known about the time between, `missed` is said each time.
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
    try {
      await made.connect()
      made.on('notification', ({ payload }) => {
        const change = readChange(payload, schema)
        if (change !== undefined) onChange(change)
      })
      await made.query(`listen ${CHANNEL}`)
    } catch (error) {
      await made.end().catch(() => {})
      throw error
    }
    if (stopped) return await made.end().catch(() => {})
    client = made
    made.on('end', () => reopen(0))
    made.unref?.()
    onChange({ kind: 'missed' })
  }

  function reopen(attempt: number): void {
    if (stopped) return
    client = undefined
    timer = setTimeout(
      () => {
        open().catch(() => reopen(attempt + 1))
      },
      PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)],
    )
    if (typeof timer === 'object') timer.unref()
  }

  await open()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await client?.end().catch(() => {})
  }
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
