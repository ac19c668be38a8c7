import type { SourcesRow } from '@millimetric/schema/wire'
import { count, roughPercent } from '../../lib/dashboard/format'
import type { View } from '../../lib/dashboard/view'
import { NameCell } from './breakdown'

/** Where people came from, and how much of it was paid for. */
export function Sources({ view, rows }: { view: View; rows: readonly SourcesRow[] }) {
  const largest = Math.max(...rows.map(({ uniques }) => uniques), 1)
  return (
    <section className="panel">
      <h2>Sources</h2>
      <table className="bars">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col" className="paid">
              Paid
            </th>
            <th scope="col">Visitors</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ source, uniques, paid_share }) => (
            <tr key={source}>
              <NameCell view={view} filter="source" value={source} share={uniques / largest} />
              <td className="paid">
                <span className="split" aria-hidden="true">
                  <i style={{ width: `${paid_share * 100}%` }} />
                </span>
                <span className="share">{roughPercent(paid_share)}</span>
              </td>
              <td>{count(uniques)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
