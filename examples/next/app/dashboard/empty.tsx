import Link from 'next/link'
import type { Dates } from '../../lib/dashboard/format'
import { hrefOf, type View } from '../../lib/dashboard/view'

const TAG = '<script async src="/api/analytics/v1/a.js" data-key="pk_live_…"></script>'
const CURL = `curl -X POST localhost:3000/api/analytics/v1/track \\
  -H 'authorization: Bearer sk_live_…' \\
  -H 'content-type: application/json' \\
  -d '{"event":"$pageview","anonymous_id":"me","url":"http://localhost:3000/"}'`

/** What to do when there is nothing to show. */
export function Empty({ view, last, dates }: { view: View; last: string | undefined; dates: Dates }) {
  if (last !== undefined) {
    return (
      <section className="panel empty">
        <h2>Nobody in this range</h2>
        <p>
          The last event of this site came on <time dateTime={last}>{dates.year(last)}</time>.
        </p>
        <p>
          <Link className="button" href={hrefOf(view, { range: '365d', filters: {} })}>
            Show the whole year
          </Link>
        </p>
      </section>
    )
  }
  return (
    <section className="panel empty">
      <h2>Waiting for the first event</h2>
      <p>
        The numbers start with it. There are two ways to send one; the keys were printed at the first start.
      </p>
      <h3>From a page</h3>
      <p>Start the app with the public key, and its pages carry the tracker:</p>
      <pre>
        <code>{TAG}</code>
      </pre>
      <h3>From anywhere</h3>
      <p>With the secret key:</p>
      <pre>
        <code>{CURL}</code>
      </pre>
      <p>
        <a className="button" href="/dashboard">
          Look again
        </a>
      </p>
    </section>
  )
}
