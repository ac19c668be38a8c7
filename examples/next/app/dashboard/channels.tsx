import { count, NOTHING, percent, titleOf } from '../../lib/dashboard/format'
import type { View } from '../../lib/dashboard/view'
import { NameCell } from './breakdown'

interface Row {
  readonly channel: string
  readonly people: number
  readonly conversion_rate: number | null
}

/** People by channel, and how many of them reached the goal. */
export function Channels({ view, rows }: { view: View; rows: readonly Row[] }) {
  const largest = Math.max(...rows.map(({ people }) => people), 1)
  return (
    <section className="panel">
      <h2>Channels</h2>
      <table className="bars">
        <thead>
          <tr>
            <th scope="col">Channel</th>
            <th scope="col">People</th>
            <th scope="col">Conversion</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ channel, people, conversion_rate }) => (
            <tr key={channel}>
              <NameCell view={view} filter="channel" value={channel} share={people / largest}>
                {titleOf(channel)}
              </NameCell>
              <td>{count(people)}</td>
              <td>{conversion_rate === null ? NOTHING : percent(conversion_rate)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
