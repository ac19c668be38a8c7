import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { EngineRequest } from './engine.js'
import { EngineError } from './errors.js'

export interface HttpStatement extends EngineRequest {
  gzipResponse: boolean
}

const DECODERS: Readonly<Record<string, (data: Buffer) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** URL parameters that belong to the HTTP layer; every other one is a setting. */
const HTTP_ONLY = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'session_timeout',
  'session_check',
  'user',
  'password',
  'role',
  'quota_key',
  'wait_end_of_query',
  'buffer_size',
  'enable_http_compression',
])

/** What a server takes of an address, unless it is told otherwise; sizes as they are sent, percent signs and all. */
const MOST_BYTES = 1_048_576
const MOST_FIELDS = 1000
const FIELD_BYTES = 131_072

/** Whether an address is so long that the server breaks the request off without a word. */
export function isTooLong(address: string): boolean {
  return address.length > MOST_BYTES
}

/** Throws what the server answers for fields that are too many or too long: no error of the engine, so in other words. */
function checkFields(query: string): void {
  const fields = query === '' ? [] : query.split('&')
  const long = fields.some((field) => field.length - field.indexOf('=') - 1 > FIELD_BYTES)
  const reason = fields.length > MOST_FIELDS ? 'Too many form fields' : long ? 'Field value too long' : ''
  if (reason === '') return
  throw new EngineError(`Poco::Exception. Code: 1000, e.code() = 0, HTML Form Exception: ${reason}`)
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const raw = Buffer.concat(chunks)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity' || raw.length === 0) return raw
  const decode = DECODERS[encoding]
  if (!decode)
    throw new EngineError(
      `Code: 48. DB::Exception: Content-Encoding ${encoding} is not supported here. (NOT_IMPLEMENTED)`,
    )
  return decode(raw).catch((error: unknown) => {
    throw new EngineError(`Code: 354. DB::Exception: inflate failed: ${String(error)}. (ZLIB_INFLATE_FAILED)`)
  })
}

export async function readStatementRequest(request: IncomingMessage, url: URL): Promise<HttpStatement> {
  let data = await readBody(request)
  checkFields(url.search.slice(1))
  const entries = [...url.searchParams]
  if (request.headers['content-type']?.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(data), {
      headers: { 'content-type': request.headers['content-type'] },
    }).formData()
    for (const [name, value] of form) if (typeof value === 'string') entries.push([name, value])
    data = Buffer.alloc(0)
  }
  const one = (name: string): string | undefined => entries.findLast(([key]) => key === name)?.[1]
  const settings = new Map<string, string>()
  const params = new Map<string, string>()
  for (const [name, value] of entries) {
    if (name.startsWith('param_')) params.set(name.slice('param_'.length), value)
    else if (!HTTP_ONLY.has(name)) settings.set(name, value)
  }
  const accepts = String(request.headers['accept-encoding'] ?? '')
  return {
    queryId: one('query_id') ?? randomUUID(),
    sessionId: one('session_id'),
    database: one('database'),
    defaultFormat: one('default_format') ?? 'TabSeparated',
    readonly: request.method === 'GET',
    settings,
    params,
    sql: one('query') ?? '',
    data,
    gzipResponse: one('enable_http_compression') === '1' && accepts.includes('gzip'),
  }
}
