import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { EngineError } from './errors.js'
import { killByMark, markQuery, quote, readStatement } from './statement.js'

/** What chDB's native addon offers; its public `Session` has no call for an INSERT with bytes and SQL of one's own. */
interface Native {
  CreateConnection(path: string): object
  CloseConnection(connection: object): void
  QueryAsyncConnection(
    connection: object,
    sql: string,
    format: string,
  ): Promise<{ bytes: Uint8Array; rowsRead: number; bytesRead: number; elapsed: number }>
  InsertRawAsyncConnection(
    connection: object,
    prefix: string,
    data: Buffer,
    countLines: boolean,
  ): Promise<{ rowsWritten: number; bytesWritten: number; elapsed: number }>
}

export interface EngineRequest {
  queryId: string
  sessionId: string | undefined
  database: string | undefined
  defaultFormat: string
  readonly: boolean
  settings: ReadonlyMap<string, string>
  /** Parameter values in ClickHouse's escaped text form, as the wire carries them. */
  params: ReadonlyMap<string, string>
  /** The statement, or its beginning when `data` holds the rest. */
  sql: string
  data: Buffer
}

export interface EngineResult {
  body: Uint8Array
  format: string
  rowsRead: number
  bytesRead: number
  rowsWritten: number
  bytesWritten: number
  elapsed: number
}

export interface Engine {
  version: string
  run(request: EngineRequest): Promise<EngineResult>
  close(): Promise<void>
}

interface Session {
  connection: object
  busy: boolean
}

export async function openEngine(path: string): Promise<Engine> {
  const require = createRequire(createRequire(import.meta.url).resolve('chdb'))
  const native: Native = require('./dist/loader.js').loadNative()
  const directory = resolve(path)
  // The engine lives as long as one connection does; this one keeps it up between requests.
  const keeper = native.CreateConnection(directory)
  const sessions = new Map<string, Session>()
  const running = new Set<Promise<unknown>>()

  const execute = async (connection: object, request: EngineRequest): Promise<EngineResult> => {
    const assignments = [
      ...[...request.settings].map(([name, value]) => `${checkName(name)} = ${quote(value)}`),
      ...[...request.params].map(([name, value]) => `param_${checkName(name)} = ${quote(value)}`),
      ...(request.readonly ? ['readonly = 2'] : []),
    ]
    if (request.database)
      await native.QueryAsyncConnection(connection, `USE ${identifier(request.database)}`, 'TSV')
    if (assignments.length > 0) {
      await native.QueryAsyncConnection(connection, `SET ${assignments.join(', ')}`, 'TSV')
    }
    const head = readStatement(request.sql)
    const statement = head.keyword ? head : readStatement(request.data.toString())
    if (statement.more)
      throw new EngineError(
        'Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)',
      )
    const mark = markQuery(request.queryId)
    const format = statement.format ?? request.defaultFormat
    if (statement.keyword === 'INSERT') {
      const prefix = mark + (request.sql === '' ? '' : `${request.sql}\n`)
      const done = await native.InsertRawAsyncConnection(connection, prefix, request.data, false)
      return { body: new Uint8Array(), format, rowsRead: 0, bytesRead: 0, ...done }
    }
    const text = [request.sql, request.data.toString()].filter((part) => part !== '').join('\n')
    const sql = mark + (statement.keyword === 'KILL' ? killByMark(text) : text)
    const done = await native.QueryAsyncConnection(connection, sql, request.defaultFormat)
    return { ...done, body: done.bytes, format, rowsWritten: 0, bytesWritten: 0 }
  }

  // A connection a request: SET stays with a chDB connection, so settings and parameters die with it. It costs 0.1 ms.
  const once = async (request: EngineRequest): Promise<EngineResult> => {
    const connection = native.CreateConnection(directory)
    try {
      return await execute(connection, request)
    } finally {
      native.CloseConnection(connection)
    }
  }

  const inSession = async (id: string, request: EngineRequest): Promise<EngineResult> => {
    const session = sessions.get(id) ?? { connection: native.CreateConnection(directory), busy: false }
    sessions.set(id, session)
    if (session.busy) {
      throw new EngineError(
        `Code: 373. DB::Exception: Session ${id} is locked by a concurrent client. (SESSION_IS_LOCKED)`,
      )
    }
    session.busy = true
    try {
      return await execute(session.connection, request)
    } finally {
      const names = [...request.settings.keys(), ...(request.readonly ? ['readonly'] : [])]
      if (names.length > 0) {
        const reset = `SET ${names.map((name) => `${name} = DEFAULT`).join(', ')}`
        await native.QueryAsyncConnection(session.connection, reset, 'TSV').catch(() => undefined)
      }
      session.busy = false
    }
  }

  const run = (request: EngineRequest): Promise<EngineResult> => {
    const work = (request.sessionId ? inSession(request.sessionId, request) : once(request)).catch(
      (error: unknown) => {
        throw error instanceof EngineError
          ? error
          : new EngineError(error instanceof Error ? error.message : String(error))
      },
    )
    const settled = work.then(
      () => undefined,
      () => undefined,
    )
    running.add(settled)
    void settled.then(() => running.delete(settled))
    return work
  }

  const { bytes } = await native.QueryAsyncConnection(keeper, 'SELECT version()', 'TSVRaw')
  return {
    version: Buffer.from(bytes).toString().trim(),
    run,
    async close() {
      // Closing a connection under a running statement aborts the whole engine.
      while (running.size > 0) await Promise.all(running)
      for (const { connection } of sessions.values()) native.CloseConnection(connection)
      native.CloseConnection(keeper)
    },
  }
}

function checkName(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name
  throw new EngineError(`Code: 115. DB::Exception: Unknown setting '${name}'. (UNKNOWN_SETTING)`)
}

function identifier(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``
}
