import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Engine, EngineResult } from './engine.js'
import { EngineError } from './errors.js'
import type { Fault, Faults } from './fault.js'
import { type HttpStatement, isTooLong, readBody, readStatementRequest } from './request.js'

export interface ServerStats {
  /** Sockets that carried at least one statement. */
  connections: number
  statements: number
}

interface Context {
  sockets: WeakSet<object>
  engine: Engine
  faults: Faults
  stats: ServerStats
  password: string | undefined
}

export function createHttpServer(parts: Omit<Context, 'sockets'>, keepAliveMs: number): Server {
  const context: Context = { ...parts, sockets: new WeakSet() }
  // Parameters travel in the URL, for which ClickHouse allows 1 MiB and Node 16 KiB.
  const server = createServer({ maxHeaderSize: 2 ** 21 }, (request, response) => {
    answer(context, request, response).catch((error: unknown) => {
      const known =
        error instanceof EngineError
          ? error
          : new EngineError(`Code: 1001. DB::Exception: ${String(error)}. (STD_EXCEPTION)`)
      sendError(context, response, known, false)
    })
  })
  server.keepAliveTimeout = keepAliveMs
  return server
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (isTooLong(request.url ?? '/')) {
    response.writeHead(400, { connection: 'close' }).end()
    return
  }
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (url.pathname === '/__fault') return control(context, request, response)
  if (url.pathname === '/__stats') return sendJson(response, context.stats)
  if (url.pathname === '/ping') {
    const fault = context.faults.take('/ping')
    if (fault && fault.mode !== 'cut_ack') return misbehave(context, fault, request, response)
    response.end('Ok.\n')
    return
  }
  if (url.pathname !== '/') {
    response.writeHead(404).end(`There is no handle ${url.pathname}\n`)
    return
  }
  checkPassword(context, request, url)
  const statement = await readStatementRequest(request, url)
  response.setHeader('X-ClickHouse-Query-Id', statement.queryId)
  response.setHeader('X-ClickHouse-Server-Display-Name', 'chdb')
  response.setHeader('X-ClickHouse-Timezone', 'UTC')
  context.stats.statements += 1
  if (!context.sockets.has(request.socket)) context.stats.connections += 1
  context.sockets.add(request.socket)
  const fault = context.faults.take(`${statement.sql}\n${statement.data.toString()}`)
  if (fault && !fault.mode.endsWith('_ack')) return misbehave(context, fault, request, response)
  try {
    const result = await context.engine.run(statement)
    if (fault) return misbehave(context, fault, request, response)
    sendResult(response, statement, result)
  } catch (error) {
    if (fault) return misbehave(context, fault, request, response)
    if (!(error instanceof EngineError)) throw error
    sendError(context, response, error, statement.gzipResponse)
  }
}

function misbehave(context: Context, fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  if (fault.mode === 'hang' || fault.mode === 'hang_ack') return
  if (fault.mode !== 'error') {
    request.socket.destroy()
    return
  }
  const name = fault.name ?? 'TOO_MANY_SIMULTANEOUS_QUERIES'
  const error = new EngineError(
    `Code: ${fault.code ?? 202}. DB::Exception: Fault asked for by a test. (${name})`,
  )
  sendError(context, response, error, false, fault.status ?? 503)
}

async function control(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request)
  if (request.method === 'DELETE') context.faults.clear()
  else context.faults.add(JSON.parse(body.toString()))
  sendJson(response, {})
}

function checkPassword(context: Context, request: IncomingMessage, url: URL): void {
  if (context.password === undefined) return
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const [, fromHeader] = /^[^:]*:(.*)$/s.exec(Buffer.from(basic, 'base64').toString()) ?? []
  const given = fromHeader ?? request.headers['x-clickhouse-key'] ?? url.searchParams.get('password')
  if (given !== context.password) {
    throw new EngineError(
      'Code: 516. DB::Exception: default: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)',
    )
  }
}

function sendResult(response: ServerResponse, statement: HttpStatement, result: EngineResult): void {
  const summary = {
    read_rows: result.rowsRead + result.rowsWritten,
    read_bytes: result.bytesRead + result.bytesWritten,
    written_rows: result.rowsWritten,
    written_bytes: result.bytesWritten,
    total_rows_to_read: 0,
    result_rows: result.rowsRead + result.rowsWritten,
    result_bytes: result.bytesRead + result.bytesWritten,
    elapsed_ns: Math.round(result.elapsed * 1e9),
  }
  const asText = Object.fromEntries(Object.entries(summary).map(([key, value]) => [key, String(value)]))
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(asText))
  response.setHeader('X-ClickHouse-Format', result.format)
  send(response, 200, result.body, statement.gzipResponse)
}

function sendError(
  context: Context,
  response: ServerResponse,
  error: EngineError,
  gzip: boolean,
  status = error.status,
): void {
  response.setHeader('X-ClickHouse-Exception-Code', String(error.code))
  send(response, status, Buffer.from(`${error.message} (version ${context.engine.version})\n`), gzip)
}

function send(response: ServerResponse, status: number, body: Uint8Array, gzip: boolean): void {
  const bytes = gzip ? gzipSync(body) : body
  if (gzip) response.setHeader('Content-Encoding', 'gzip')
  response
    .writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': bytes.length })
    .end(bytes)
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
}
