import { Window } from 'happy-dom'

export interface DashboardPage {
  text(selector: string): string
  /** The cells of each row of the table in the section with this heading, or in the details of the series. */
  table(heading: string): string[][]
  /** Texts of all elements. */
  all(selector: string): string[]
  attributes(selector: string, name: string): string[]
}

/** The page as a browser without JavaScript gets it. */
export async function openPage(url: string): Promise<DashboardPage> {
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  const { document } = new Window({ url })
  document.write(await response.text())
  const clean = (text: string | null | undefined): string => (text ?? '').replaceAll(/\s+/g, ' ').trim()
  const all = (selector: string): string[] =>
    [...document.querySelectorAll(selector)].map(({ textContent }) => clean(textContent))
  return {
    all,
    text: (selector) => all(selector)[0] ?? '',
    attributes: (selector, name) =>
      [...document.querySelectorAll(selector)].map((element) => element.getAttribute(name) ?? ''),
    table(heading) {
      const section = [...document.querySelectorAll('section, details')].find((element) =>
        clean(element.querySelector('h2, summary')?.textContent).startsWith(heading),
      )
      return [...(section?.querySelectorAll('tbody tr') ?? [])].map((row) =>
        [...row.querySelectorAll('th, td')].map(({ textContent }) => clean(textContent)),
      )
    },
  }
}
