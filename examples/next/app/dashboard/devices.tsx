import { count, roughPercent, titleOf } from '../../lib/dashboard/format'
import type { View } from '../../lib/dashboard/view'
import { NameCell } from './breakdown'

interface Props {
  view: View
  devices: readonly { readonly device_type: string; readonly people: number }[]
  browsers: readonly { readonly browser: string; readonly people: number }[]
}

/** The kinds of device as parts of one bar, and the browsers on them. */
export function Devices({ view, devices, browsers }: Props) {
  const total = devices.reduce((sum, { people }) => sum + people, 0)
  const largest = Math.max(...browsers.map(({ people }) => people), 1)
  return (
    <section className="panel">
      <h2>Devices</h2>
      <div className="parts" aria-hidden="true">
        {devices.map(({ device_type, people }) => (
          <i key={device_type} style={{ flexGrow: people }} />
        ))}
      </div>
      <ul className="part-names">
        {devices.map(({ device_type, people }) => (
          <li key={device_type}>
            {titleOf(device_type)} <b>{roughPercent(people / total)}</b>
          </li>
        ))}
      </ul>
      <table className="bars">
        <thead>
          <tr>
            <th scope="col">Browser</th>
            <th scope="col">People</th>
          </tr>
        </thead>
        <tbody>
          {browsers.map(({ browser, people }) => (
            <tr key={browser}>
              <NameCell view={view} filter="browser" value={browser} share={people / largest}>
                {titleOf(browser)}
              </NameCell>
              <td>{count(people)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
