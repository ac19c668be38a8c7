import { AsyncLocalStorage } from 'node:async_hooks'
import { type ClickhouseClient, type ClickhouseOptions, clickhouseEvents } from '@millimetric/core/clickhouse'

/** Statements, and which functions of a store sent them. */
export interface Recording {
  readonly statements: Map<string, Set<string>>
  /** Functions that were called. */
  readonly called: Set<string>
}

export function newRecording(): Recording {
  return { statements: new Map(), called: new Set() }
}

const running = new AsyncLocalStorage<string>()

/** A store that says of every statement which of its functions sent it. */
export function named<T extends object>(store: T, { called }: Recording): T {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        called.add(String(name))
        return running.run(String(name), () => Reflect.apply(member, target, args))
      }
    },
  })
}

/** Writes a statement down, alike for all databases and without the ids that are made for each. */
export function note({ statements }: Recording, sql: string, database?: string): void {
  const shape = (database === undefined ? sql : sql.replaceAll(database, 'one_database')).replaceAll(
    /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
    'an-id',
  )
  const by = statements.get(shape) ?? new Set()
  statements.set(shape, by.add(running.getStore() ?? ''))
}

/** The store over a client that works, with everything that is sent written down. */
export function recordedEvents(
  client: ClickhouseClient,
  recording: Recording,
  options: ClickhouseOptions & { database: string },
): ReturnType<typeof clickhouseEvents> {
  const { database } = options
  const noting: ClickhouseClient = {
    async command(params) {
      note(recording, params.query, database)
      return await client.command(params)
    },
    async query(params) {
      note(recording, params.query, database)
      return await client.query(params)
    },
    async close() {},
  }
  return named(clickhouseEvents({ ...options, client: noting }), recording)
}
