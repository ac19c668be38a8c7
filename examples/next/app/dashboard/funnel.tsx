import { count, duration, percent } from '../../lib/dashboard/format'

interface Step {
  readonly name: string
  readonly count: number
  /** Of the first step, 0–1. */
  readonly rate: number | null
  /** Of the step before, 0–1. */
  readonly step_rate: number | null
  readonly median_seconds: number | null
}

/** How many people go how far, and how long half of them take for a step. */
export function Funnel({ steps }: { steps: readonly Step[] }) {
  const last = steps.at(-1)
  return (
    <section className="panel">
      <h2>
        Way to a sale {last?.rate != null && <span className="muted">{percent(last.rate)} of visitors</span>}
      </h2>
      <ol className="funnel">
        {steps.map(({ name, count: people, rate, step_rate, median_seconds }, index) => (
          <li key={name}>
            {index > 0 && (
              <p className="step">
                <span aria-hidden="true">↓ </span>
                {step_rate === null ? 'nobody' : percent(step_rate)} went on
                {median_seconds !== null && <> · half within {duration(median_seconds)}</>}
              </p>
            )}
            <p className="name">
              {name}
              <b>{count(people)}</b>
            </p>
            <div className="track" aria-hidden="true">
              <i style={{ width: `${(rate ?? 0) * 100}%` }} />
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}
