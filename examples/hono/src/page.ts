/** Paths that the demo's page answers; its links go through them with `history.pushState`. */
export const PAGES = ['/', '/pricing', '/docs', '/about'] as const

const STYLE = `
  :root { color-scheme: light dark; --ink: #17202a; --dim: #66717e; --line: #dfe4ea; --paper: #fbfcfd; --accent: #0b6e4f }
  @media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --dim: #93a0ad; --line: #2b343d; --paper: #12171c; --accent: #4cc38a } }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
  main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem }
  h1 { margin: 0; font-size: 1.5rem; letter-spacing: -.02em }
  p, th { color: var(--dim) }
  nav { display: flex; align-items: center; gap: 1rem; margin: 1.5rem 0; flex-wrap: wrap }
  nav a { color: var(--accent); text-underline-offset: 3px }
  nav a[aria-current] { color: inherit; text-decoration: none; font-weight: 600 }
  button { font: inherit; padding: .4rem .9rem; border: 1px solid var(--accent); border-radius: 6px; color: var(--accent); background: none; cursor: pointer }
  .numbers { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1px; background: var(--line); border: 1px solid var(--line); margin: 1.5rem 0 }
  .numbers div { background: var(--paper); padding: 1rem }
  .numbers b { display: block; font-size: 1.75rem; font-variant-numeric: tabular-nums; letter-spacing: -.02em }
  .tables { display: grid; align-items: start; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 2rem }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
  th, td { text-align: left; font-weight: 400; padding: .3rem 0; border-bottom: 1px solid var(--line) }
  td:last-child, th:last-child { text-align: right }`

const SCRIPT = `
  const show = (id, rows) => document.getElementById(id).replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement('tr')
    for (const text of [name, value]) row.insertCell().textContent = text
    return row
  }))
  const refresh = async () => {
    try {
      const n = await (await fetch('/numbers')).json()
      for (const id of ['visitors', 'events', 'last_hour']) document.getElementById(id).textContent = n[id].toLocaleString('en')
      show('latest', n.latest.map((row) => [row.event_name + ' ' + (row.path ?? ''), row.source]))
      show('sources', n.sources.map((row) => [row.source + ' / ' + row.medium, row.uniques.toLocaleString('en')]))
    } catch { /* the next one may succeed */ }
  }
  const mark = () => {
    for (const link of document.querySelectorAll('nav a'))
      link.pathname === location.pathname ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current')
  }
  document.querySelector('nav').addEventListener('click', (event) => {
    const link = event.target.closest('a')
    if (!link) return
    event.preventDefault()
    history.pushState(null, '', link.href)
    mark()
  })
  document.querySelector('button').addEventListener('click', () => window.mm?.track('clicked_cta', { position: 'demo' }))
  addEventListener('popstate', mark)
  mark(), refresh(), setInterval(refresh, 2000)`

function label(path: string): string {
  return path === '/' ? 'Home' : `${path.charAt(1).toUpperCase()}${path.slice(2)}`
}

/** The demo's page: loads the tracker with the public key and shows what the server counts. */
export function page(publicKey: string): string {
  const links = PAGES.map((path) => `<a href="${path}">${label(path)}</a>`).join('\n    ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millimetric demo</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<script async src="/v1/a.js" data-key="${publicKey}"></script>
</head>
<body>
<main>
  <h1>Millimetric demo</h1>
  <p>This page is measured. Each link is a page view, the button is an event; the numbers follow.</p>
  <nav>
    ${links}
    <button type="button">Track an event</button>
  </nav>
  <section class="numbers">
    <div><b id="visitors">–</b>visitors today</div>
    <div><b id="events">–</b>events today</div>
    <div><b id="last_hour">–</b>events in the last hour</div>
  </section>
  <section class="tables">
    <table><thead><tr><th>Latest events<th>Source</thead><tbody id="latest"></tbody></table>
    <table><thead><tr><th>Source / medium<th>Visitors, 30 days</thead><tbody id="sources"></tbody></table>
  </section>
</main>
<script>${SCRIPT}
</script>
</body>
</html>
`
}

export const waitingPage: string = `<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<title>Millimetric demo</title>
<style>${STYLE}</style>
<main><h1>Millimetric demo</h1><p>Seeding a month of traffic; this page opens by itself when it is done.</p></main>
`
