import { connection } from 'next/server'
import { analytics } from '../lib/analytics'

/** A server component asks in process: no key, no HTTP. */
export default async function Page() {
  // Numbers belong to the request, not to the build.
  await connection()
  const [{ rows: days }, { rows: sources }] = await Promise.all([
    analytics.stats({ metric: 'uniques', range: '7d', interval: 'day' }),
    analytics.sources({ range: '7d', limit: 5 }),
  ])
  return (
    <main>
      <h1>Visitors of the last 7 days</h1>
      <ul>
        {days.map(({ bucket = '', value }) => (
          <li key={bucket}>
            {bucket.slice(0, 10)}: {value}
          </li>
        ))}
      </ul>
      <h2>Top sources</h2>
      <ul>
        {sources.map(({ source, medium, uniques }) => (
          <li key={`${source}/${medium}`}>
            {source} / {medium}: {uniques}
          </li>
        ))}
      </ul>
    </main>
  )
}
