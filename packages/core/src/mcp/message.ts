import { isAnalyticsError } from '../errors.js'
import type { ExtensionDeps } from '../extension.js'
import { readJson } from '../http/body.js'
import { json } from '../http/respond.js'
import { isObject } from './clean.js'
import { RPC_CODES, type RpcName, rpcError } from './rpc-error.js'

/** One message of JSON-RPC, or the answer to what is none. Throws what the body reader throws: `payload_too_large`, … */
export async function readMessage(
  request: Request,
  deps: ExtensionDeps,
): Promise<{ message: unknown } | Response> {
  let message: unknown
  try {
    message = await readJson(request, deps)
  } catch (error) {
    if (isAnalyticsError(error) && error.code === 'invalid_payload')
      return refuse('parse_error', error.message)
    throw error
  }
  if (Array.isArray(message)) return refuse('invalid_request', 'Send one message at a time, not a batch.')
  if (!isObject(message) || message.jsonrpc !== '2.0') {
    return refuse('invalid_request', 'A message is a JSON object with "jsonrpc": "2.0".')
  }
  const { id, method, params } = message
  if (id !== undefined && typeof id !== 'string' && !Number.isSafeInteger(id)) {
    return refuse('invalid_request', 'id must be text or a whole number.')
  }
  // An answer has no method; whatever it answers, nobody here has asked.
  if (method !== undefined && typeof method !== 'string')
    return refuse('invalid_request', 'method must be text.')
  if (params !== undefined && !isObject(params)) return refuse('invalid_request', 'params must be an object.')
  // The one method whose answer would be a stream.
  if (method === 'subscriptions/listen') return notFound(id)
  return { message }
}

function refuse(name: RpcName, message: string): Response {
  const { message: text, data } = rpcError(name, message)
  return json({ jsonrpc: '2.0', id: null, error: { code: RPC_CODES[name], message: text, data } }, 400)
}

function notFound(id: unknown): Response {
  return json({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }, 404)
}
