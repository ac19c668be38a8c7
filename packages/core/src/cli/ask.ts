import { AnalyticsError } from '../errors.js'

/** Questions that a running server answers over HTTP, and the stores answer in process. */
export const QUESTIONS = ['stats', 'sources', 'query'] as const
export type Question = (typeof QUESTIONS)[number]

export const PARAMETERS = [
  'from',
  'to',
  'range',
  'timezone',
  'metric',
  'group_by',
  'interval',
  'limit',
  'breakdown',
  'event',
  'source',
  'medium',
  'user_id',
  'anonymous_id',
  'country',
] as const

/** Asks a running server: it holds the embedded engines, which no second process can open. */
export async function askServer(
  url: string,
  key: string,
  question: Question,
  params: Readonly<Record<string, string>>,
): Promise<unknown> {
  const target = new URL(`${url.replace(/\/+$/, '')}/v1/${question}`)
  for (const [name, value] of Object.entries(params)) target.searchParams.set(name, value)
  const answer = await fetch(target, { headers: { authorization: `Bearer ${key}` } }).catch(
    (cause: unknown) => {
      throw new AnalyticsError('storage_unavailable', `No server answers at ${url}.`, { cause })
    },
  )
  const body: unknown = await answer.json().catch(() => undefined)
  if (answer.ok) return body
  const message =
    typeof body === 'object' && body !== null && 'message' in body
      ? String(body.message)
      : `status ${answer.status}`
  throw new AnalyticsError('invalid_request', `${url} answered ${answer.status}: ${message}`)
}
