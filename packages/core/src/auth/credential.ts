import { AnalyticsError } from '../errors.js'
import { type ParsedKey, parseKey } from './key.js'
import { type ParsedToken, parseToken } from './read-token.js'

/**
 * The key or read token that a request carries, by its form alone. Throws `missing_bearer_token` when there is none and
 * `malformed_api_key` for anything that isn't exactly one well-formed key.
 */
export function presentedKey(request: Request, allowQueryKey: boolean): ParsedKey | ParsedToken {
  const header = request.headers.get('authorization')
  // Basic and the like belong to a gate in front of the host, not to us.
  if (header === null || !/^bearer(?:[ ,]|$)/i.test(header)) {
    if (header?.includes(',')) throw malformed('Send one Authorization header with one key.')
    return queryKey(request.url, allowQueryKey)
  }
  if (header.length <= 'bearer'.length) throw missing()
  const text = header.slice('bearer '.length)
  const parsed = parseKey(text) ?? parseToken(text)
  if (parsed === undefined) {
    throw malformed('The Authorization header must be exactly "Bearer {kind}_{env}_{prefix}_{secret}".')
  }
  return parsed
}

function queryKey(url: string, allowed: boolean): ParsedKey {
  if (!url.includes('?')) throw missing()
  const [text, ...more] = new URL(url).searchParams.getAll('key')
  if (text === undefined) throw missing()
  if (/^(?:sk|rk|ak|rt)_/.test(text)) {
    throw malformed(
      'A secret key never belongs in a URL, where logs and browsers keep it: send it as "Authorization: Bearer …". ' +
        'Revoke this one if the URL was used anywhere.',
    )
  }
  if (!allowed) throw missing()
  const parsed = parseKey(text)
  if (parsed === undefined || more.length > 0)
    throw malformed('"?key=" must be exactly one public key (pk_…).')
  return parsed
}

function missing(): AnalyticsError {
  return new AnalyticsError('missing_bearer_token', 'Send an API key as "Authorization: Bearer {key}".')
}

function malformed(message: string): AnalyticsError {
  return new AnalyticsError('malformed_api_key', message)
}
