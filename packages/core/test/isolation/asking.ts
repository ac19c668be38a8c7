import type { Analytics } from '@millimetric/core'
import { foundMarks } from './marks.js'
import type { Asked } from './requests.js'
import { type Door, headersOf, type Tenant } from './tenants.js'

export interface Bench {
  analytics: Analytics
  tenants: readonly Tenant[]
}

export interface Answered {
  status: number
  body: string
  /** Everything that the asker sent, as written and as read. */
  sent: string
}

/** Asks and looks through all that comes back for what belongs to somebody else; throws when there is anything. */
export async function ask(
  { analytics, tenants }: Bench,
  own: Tenant,
  { method, path }: { method: string; path: string },
  { params = {}, query = {}, body, by }: Asked & { by: Door },
): Promise<Answered> {
  const target = path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(wellFormed(params[name] ?? '')),
  )
  const search = new URLSearchParams({ ...query }).toString()
  const json = body === undefined ? undefined : JSON.stringify(body)
  const request = new Request(`http://host.test${target}${search === '' ? '' : `?${search}`}`, {
    method,
    headers: headersOf(own, by),
    ...(json === undefined ? {} : { body: json }),
  })
  const answer = await analytics.handler(request, { ip: '198.51.100.1' })
  const read = await answer.text()
  const back = `${read} ${JSON.stringify([...answer.headers])}`
  const sent = [target, search, ...Object.values(params), ...Object.values(query), json ?? ''].join(' ')
  for (const other of tenants) {
    const found = other === own ? [] : foundMarks(back, sent, other)
    if (found.length === 0) continue
    throw new Error(
      `${own.name} saw ${found[0]} of ${other.name} through ${by} at ${method} ${sent}: ${answer.status} ${back}`,
    )
  }
  return { status: answer.status, body: read, sent }
}

function wellFormed(text: string): string {
  return text.isWellFormed() ? text : '\ufffd'
}
