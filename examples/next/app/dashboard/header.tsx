import type { ResultMeta } from '@millimetric/schema/wire'
import Form from 'next/form'
import Link from 'next/link'
import { countryName, type Dates } from '../../lib/dashboard/format'
import {
  FILTERS,
  type Filter,
  hrefOf,
  RANGES,
  type Range,
  searchOf,
  type View,
} from '../../lib/dashboard/view'
import { SITE } from '../../lib/site'
import { LiveCounter } from './live-counter'
import { ZoneSelect } from './zone-select'

interface Props {
  view: View
  meta: ResultMeta
  live: number
  dates: Dates
}

/** Which site, who is there now, and what the page looks at. */
export function Header({ view, meta, live, dates }: Props) {
  const format = view.range === '24h' ? dates.moment : view.range === '365d' ? dates.year : dates.day
  return (
    <header className="top">
      <div className="site">
        <h1>{SITE.name}</h1>
        <LiveCounter initial={live} locale={SITE.locale} />
      </div>
      <div className="choices">
        <nav className="ranges" aria-label="Range">
          {ranges.map((range) => (
            <Link
              key={range}
              href={hrefOf(view, { range })}
              prefetch={false}
              scroll={false}
              title={RANGES[range].title}
              aria-current={range === view.range ? 'page' : undefined}
            >
              {RANGES[range].label}
            </Link>
          ))}
        </nav>
        {/* Last: a browser may paint before it has read its hundreds of zones, and nothing may move then. */}
        <Zone view={view} zone={meta.timezone} />
      </div>
      <p className="period">
        <Period from={meta.from} to={meta.to} format={format} />
        {meta.compared_to && (
          <span className="muted">
            {', compared with '}
            <Period from={meta.compared_to.from} to={meta.compared_to.to} format={format} />
          </span>
        )}
      </p>
      <Chips view={view} />
      {meta.warnings.map((warning) => (
        <p className="warning" key={warning}>
          {warning}
        </p>
      ))}
    </header>
  )
}

const ranges: Range[] = ['24h', '7d', '30d', '90d', '365d']

/** A range as people say it, with its last day or minute included. */
function Period({ from, to, format }: { from: string; to: string; format: (iso: string) => string }) {
  const [start, end] = [format(from), format(new Date(Date.parse(to) - 1).toISOString())]
  return (
    <>
      <time dateTime={from}>{start}</time> – <time dateTime={to}>{end}</time>
    </>
  )
}

/** A form of its own: without JavaScript it has a button, with it the choice is enough. */
function Zone({ view, zone }: { view: View; zone: string }) {
  const zones = Intl.supportedValuesOf('timeZone')
  return (
    <Form action="/dashboard" scroll={false} className="zone">
      {searchOf({ ...view, zone: undefined }).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <ZoneSelect key={zone} zone={zone}>
        {[...new Set(['UTC', zone, ...zones])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </ZoneSelect>
      <noscript>
        <button type="submit">Show</button>
      </noscript>
    </Form>
  )
}

const NAMES: Record<Filter, string> = {
  source: 'Source',
  channel: 'Channel',
  path: 'Page',
  country: 'Country',
  device_type: 'Device',
  browser: 'Browser',
}

/** What the page is narrowed to, each with a way back. */
function Chips({ view }: { view: View }) {
  const chosen = FILTERS.flatMap((name) => {
    const value = view.filters[name]
    return value === undefined ? [] : [{ name, value: name === 'country' ? countryName(value) : value }]
  })
  if (chosen.length === 0) return null
  return (
    <ul className="chips" aria-label="Filters">
      {chosen.map(({ name, value }) => {
        const { [name]: _, ...filters } = view.filters
        return (
          <li key={name}>
            <Link href={hrefOf(view, { filters })} prefetch={false} scroll={false}>
              <span>
                {NAMES[name]} is <b>{value}</b>
              </span>
              <span aria-hidden="true">×</span>
              <span className="unseen">, remove</span>
            </Link>
          </li>
        )
      })}
    </ul>
  )
}
