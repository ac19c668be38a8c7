import Link from 'next/link'
import { type Change, changeOf, labelOf, showValue } from '../../lib/dashboard/format'
import { HEADLINES, type Headline, hrefOf, type View } from '../../lib/dashboard/view'
import { SITE } from '../../lib/site'

type Values = { readonly [M in Headline]: number | null }

/** The numbers that sum up the range. Each is a link that draws its own series below. */
export function Headlines({ view, row }: { view: View; row: Values & { previous: Values | null } }) {
  return (
    <ul className="headlines">
      {HEADLINES.map((metric) => (
        <li key={metric}>
          <Link
            href={hrefOf(view, { metric })}
            prefetch={false}
            scroll={false}
            aria-current={metric === view.metric ? 'true' : undefined}
          >
            <span className="label">{labelOf(metric)}</span>
            <span className="number" data-metric={metric}>
              {showValue(metric, row[metric])}
            </span>
            <ChangeMark change={changeOf(metric, row[metric], row.previous?.[metric] ?? null)} />
            {metric === 'conversion_rate' && <span className="unseen"> of people to {SITE.goalLabel}</span>}
          </Link>
        </li>
      ))}
    </ul>
  )
}

const ARROWS = { up: '↑', down: '↓', same: '→' } as const

function ChangeMark({ change }: { change: Change | undefined }) {
  if (change === undefined) return <span className="change neutral">no data before</span>
  const { text, direction, mood } = change
  return (
    <span className={`change ${mood}`}>
      <span aria-hidden="true">{ARROWS[direction]} </span>
      {text}
      {mood !== 'neutral' && <span className="unseen">, {mood === 'good' ? 'better' : 'worse'}</span>}
    </span>
  )
}
