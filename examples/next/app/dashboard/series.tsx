import type { ResultMeta } from '@millimetric/schema/wire'
import { curveMonotoneX } from '@visx/curve'
import { scaleLinear } from '@visx/scale'
import { Area, LinePath } from '@visx/shape'
import { axisOf } from '../../lib/dashboard/axis'
import { type Dates, labelOf, showValue } from '../../lib/dashboard/format'
import { type Headline, RANGES, type View } from '../../lib/dashboard/view'

interface Row {
  readonly bucket: string
  readonly value: number | null
  readonly previous: { readonly value: number | null } | null
}

interface Props {
  view: View
  rows: readonly Row[]
  meta: ResultMeta
  dates: Dates
  now: number
}

// The drawing is stretched to the width there is, lines keep theirs; text is HTML above it and keeps its size too.
const WIDTH = 1000
const HEIGHT = 240

/** The chosen number over time, with the period before as a dashed line, drawn on the server. */
export function Series({ view, rows, meta, dates, now }: Props) {
  const { metric, range } = view
  const label = labelOf(metric)
  const { interval } = RANGES[range]
  const values = rows.flatMap(({ value, previous }) => [value ?? 0, previous?.value ?? 0])
  const ticks = axisOf(metric, Math.max(...values))
  const y = scaleLinear({ domain: [0, ticks.at(-1) ?? 1], range: [HEIGHT, 0] })
  const x = (place: number): number => ((place + 0.5) / rows.length) * WIDTH
  const points = rows.map(({ value }, place) => ({ place, value }))
  const before = rows.map(({ previous }, place) => ({ place, value: previous?.value ?? null }))
  // The last bucket still fills: what leads to it is no fall.
  const running = Date.parse(meta.to) > now && rows.length > 1
  const settled = running ? points.slice(0, -1) : points
  const line = {
    x: (point: Point) => x(point.place),
    y: (point: Point) => y(point.value ?? 0),
    defined: (point: Point) => point.value !== null,
    curve: curveMonotoneX,
  }
  const name = nameOf(interval, dates)
  return (
    <figure className="series">
      <figcaption>
        <span>
          {label} by {interval}
        </span>
        <span className="legend">
          <span className="key now">this period</span>
          <span className="key before">period before</span>
        </span>
      </figcaption>
      <div className="plot">
        <div className="y-axis" aria-hidden="true">
          {ticks.map((tick) => (
            <span key={tick} style={{ top: `${(y(tick) / HEIGHT) * 100}%` }}>
              {showValue(metric, tick)}
            </span>
          ))}
        </div>
        <div className="drawing">
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img">
            <title>{describe(label, interval, rows, metric)}</title>
            <defs>
              <linearGradient id="fade" x1="0" x2="0" y1="0" y2="1">
                <stop offset="0" className="fade-top" />
                <stop offset="1" className="fade-bottom" />
              </linearGradient>
            </defs>
            {ticks.map((tick) => (
              <line key={tick} className="grid" x1={0} x2={WIDTH} y1={y(tick)} y2={y(tick)} />
            ))}
            <Area
              data={settled}
              x={line.x}
              y0={HEIGHT}
              y1={line.y}
              defined={line.defined}
              curve={line.curve}
              fill="url(#fade)"
            />
            <LinePath data={before} {...line} className="line before" />
            <LinePath data={settled} {...line} className="line now" />
            {running && <LinePath data={points.slice(-2)} {...line} className="line running" />}
          </svg>
          <ol className="columns" aria-hidden="true">
            {rows.map(({ bucket, value, previous }, place) => (
              <li key={bucket} className={place * 2 < rows.length ? 'left' : 'right'}>
                {value !== null && <i style={{ top: `${(y(value) / HEIGHT) * 100}%` }} />}
                <div className="tip">
                  <b>{name(bucket)}</b>
                  <span>
                    <em>{showValue(metric, value)}</em> {running && place === rows.length - 1 ? 'so far' : ''}
                  </span>
                  <span>{previous ? showValue(metric, previous.value) : '–'} before</span>
                </div>
              </li>
            ))}
          </ol>
        </div>
        <div className="x-axis" aria-hidden="true">
          {marks(rows.length).map((place, index) => {
            const bucket = rows[place]?.bucket ?? ''
            return (
              <span
                key={bucket}
                className={index % 2 === 1 ? 'wide' : undefined}
                style={{ left: `${(x(place) / WIDTH) * 100}%` }}
              >
                {interval === 'hour' ? dates.hour(bucket) : dates.day(bucket)}
              </span>
            )
          })}
        </div>
      </div>
      <details>
        <summary>Show as a table</summary>
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{interval === 'hour' ? 'Hour' : interval === 'week' ? 'Week of' : 'Day'}</th>
                <th scope="col">{label}</th>
                <th scope="col">Period before</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ bucket, value, previous }) => (
                <tr key={bucket}>
                  <th scope="row">{name(bucket)}</th>
                  <td>{showValue(metric, value)}</td>
                  <td>{showValue(metric, previous?.value ?? null)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}

interface Point {
  place: number
  value: number | null
}

/** At most seven places with a label, evenly apart. */
function marks(length: number): number[] {
  const step = Math.ceil(length / 7)
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step)
}

function nameOf(interval: 'hour' | 'day' | 'week', dates: Dates): (bucket: string) => string {
  if (interval === 'hour') return dates.moment
  return interval === 'day' ? dates.weekday : (bucket) => `Week of ${dates.day(bucket)}`
}

function describe(label: string, interval: string, rows: readonly Row[], metric: Headline): string {
  const known = rows.flatMap(({ value }) => (value === null ? [] : [value]))
  if (known.length === 0) return `${label} by ${interval}: nothing to show`
  const [least, most] = [Math.min(...known), Math.max(...known)]
  return `${label} by ${interval}, from ${showValue(metric, least)} to ${showValue(metric, most)}; as a table below`
}
