import { peopleNow } from '../../../lib/dashboard/answers'

/** What the live counter asks for; in process too. */
export async function GET(): Promise<Response> {
  return Response.json({ people: await peopleNow(Date.now()) }, { headers: { 'cache-control': 'no-store' } })
}
