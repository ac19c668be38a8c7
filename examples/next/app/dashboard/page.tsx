import { connection } from 'next/server'
import { ask, lastEvent } from '../../lib/dashboard/answers'
import { countryName, datesIn } from '../../lib/dashboard/format'
import { readView, type Search } from '../../lib/dashboard/view'
import { Breakdown } from './breakdown'
import { Channels } from './channels'
import { Cohorts } from './cohorts'
import { Devices } from './devices'
import { Empty } from './empty'
import { Funnel } from './funnel'
import { Header } from './header'
import { Headlines } from './headlines'
import { Series } from './series'
import { Sources } from './sources'

/**
 * Whoever may open this page sees the numbers of all visitors: put your own login in front of it. The page is whole
 * without JavaScript; with it, choosing a range or a row doesn't reload, and the live counter counts on.
 */
export default async function Page({ searchParams }: { searchParams: Promise<Search> }) {
  // Numbers belong to the request, not to the build.
  await connection()
  const view = readView(await searchParams)
  const now = Date.now()
  const answers = await ask(view, now)
  const { headline, series } = answers
  const [row] = headline.rows
  const dates = datesIn(headline.meta.timezone)
  const header = <Header view={view} meta={headline.meta} live={answers.live} dates={dates} />
  if (row === undefined || row.pageviews + row.people === 0) {
    return (
      <main>
        {header}
        <Empty view={view} last={await lastEvent()} dates={dates} />
      </main>
    )
  }
  return (
    <main>
      {header}
      <section className="panel" aria-label="Overview">
        <Headlines view={view} row={row} />
        <Series view={view} rows={series.rows} meta={series.meta} dates={dates} now={now} />
      </section>
      <div className="pairs">
        <Sources view={view} rows={answers.sources} />
        <Breakdown
          title="Top pages"
          view={view}
          filter="path"
          heads={['Page', 'People', 'Views']}
          rows={answers.pages.map(({ path, people, pageviews }) => ({
            key: path,
            numbers: [people, pageviews],
          }))}
          weight={1}
        />
        <Channels view={view} rows={answers.channels} />
        <Breakdown
          title="Countries"
          view={view}
          filter="country"
          heads={['Country', 'People']}
          rows={answers.countries.map(({ country, people }) => ({
            key: country,
            name: countryName(country),
            numbers: [people],
          }))}
        />
        <Funnel steps={answers.funnel.steps} />
        <Devices view={view} devices={answers.devices} browsers={answers.browsers} />
      </div>
      <Cohorts cohorts={answers.cohorts} dates={dates} />
    </main>
  )
}
