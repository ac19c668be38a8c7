import { visitorsNow } from '../../../lib/dashboard/answers'

/** What the live counter asks for; in process too. */
export async function GET(): Promise<Response> {
  return Response.json({ visitors: await visitorsNow() }, { headers: { 'cache-control': 'no-store' } })
}
