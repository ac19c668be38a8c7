import { SITE } from '../../lib/site'

/** A page like any other: it is measured by the tracker of the layout. */
export default function Page() {
  return (
    <main>
      <h1>{SITE.name}</h1>
      <p>
        Each view of this page is an event, once <code>MILLIMETRIC_PK</code> holds the public key.
      </p>
      <p>
        <a href="/dashboard">See the numbers</a>
      </p>
    </main>
  )
}
