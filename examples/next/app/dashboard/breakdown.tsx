import Link from 'next/link'
import { count } from '../../lib/dashboard/format'
import { type Filter, hrefOf, type View } from '../../lib/dashboard/view'

interface Props {
  title: string
  view: View
  filter: Filter
  heads: readonly string[]
  /** `name` as people read it; the key by default. */
  rows: readonly { key: string; name?: string; numbers: readonly number[] }[]
  /** Which of the numbers the bars show; the first by default. */
  weight?: number
}

/** A table with a bar behind each name, which narrows the page to its row. */
export function Breakdown({ title, view, filter, heads, rows, weight = 0 }: Props) {
  const largest = Math.max(...rows.map(({ numbers }) => numbers[weight] ?? 0), 1)
  return (
    <section className="panel">
      <h2>{title}</h2>
      <table className="bars">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, numbers }) => (
            <tr key={key}>
              <NameCell view={view} filter={filter} value={key} share={(numbers[weight] ?? 0) / largest}>
                {name}
              </NameCell>
              {numbers.map((number, index) => (
                <td key={heads[index + 1]}>{count(number)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface NameProps {
  view: View
  filter: Filter
  value: string
  /** Length of the bar, 0–1. */
  share: number
  children?: string | undefined
}

export function NameCell({ view, filter, value, share, children }: NameProps) {
  const name = children ?? (value === '' ? 'Unknown' : value)
  return (
    <th scope="row">
      <span className="bar" style={{ width: `${share * 100}%` }} />
      <Link
        href={hrefOf(view, { filters: { ...view.filters, [filter]: value } })}
        prefetch={false}
        scroll={false}
        title={name}
      >
        {name}
      </Link>
    </th>
  )
}
