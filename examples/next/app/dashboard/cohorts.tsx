import { count, type Dates, percent, roughPercent } from '../../lib/dashboard/format'

interface Cohort {
  /** Start of the week in which its people came first. */
  readonly cohort: string
  readonly size: number
  /** People of it that came in the week of the same place; null in weeks that have not begun. */
  readonly returned: readonly (number | null)[]
  readonly rates: readonly (number | null)[]
  /** Place of the week that still runs. */
  readonly open: number | null
}

/** Who comes back: each row the people who came first in one week, each column a week later. */
export function Cohorts({ cohorts, dates }: { cohorts: readonly Cohort[]; dates: Dates }) {
  const columns = Math.max(...cohorts.map(({ rates }) => rates.length), 0)
  const largest = Math.max(...cohorts.flatMap(({ rates }) => rates.slice(1).map((rate) => rate ?? 0)), 0.01)
  return (
    <section className="panel">
      <h2>
        People who come back <span className="muted">by the week of their first visit</span>
      </h2>
      <div className="scroll">
        <table className="heat">
          <thead>
            <tr>
              <th scope="col">First visit</th>
              <th scope="col">People</th>
              {Array.from({ length: columns - 1 }, (_, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its number
                <th scope="col" key={index}>
                  +{index + 1} wk
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cohorts.map(({ cohort, size, returned, rates, open }) => (
              <tr key={cohort}>
                <th scope="row">{dates.day(cohort)}</th>
                <td>{count(size)}</td>
                {Array.from({ length: columns - 1 }, (_, index) => {
                  const rate = rates[index + 1] ?? null
                  const running = open === index + 1
                  return (
                    <td
                      // biome-ignore lint/suspicious/noArrayIndexKey: a column is its number
                      key={index}
                      className={rate === null ? 'later' : running ? 'running' : 'cell'}
                      style={rate === null ? undefined : { backgroundColor: heatOf(rate / largest) }}
                      title={titleOf(returned[index + 1] ?? null, rate, running)}
                    >
                      {rate === null ? <span className="unseen">not yet</span> : roughPercent(rate)}
                      {running && <span className="unseen"> so far</span>}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="note">Hatched: the week still runs, so its number may grow.</p>
    </section>
  )
}

/** Text stays readable on the strongest one too. */
function heatOf(share: number): string {
  return `color-mix(in oklab, var(--accent) ${Math.round(4 + share * 52)}%, var(--panel))`
}

function titleOf(people: number | null, rate: number | null, running: boolean): string {
  if (people === null || rate === null) return 'This week has not begun'
  return `${count(people)} people, ${percent(rate)}${running ? ', so far: the week still runs' : ''}`
}
