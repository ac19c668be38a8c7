import type { Properties } from '@millimetric/schema/wire'
import { type Random, weighted } from './random.js'
import type { Arrival } from './sources.js'

/** One thing a person does on the site. */
export interface Step {
  event: string
  path: string
  /** Seconds since the step before. */
  after: number
  properties: Properties
}

/** What a person may be at the start of a visit; journeys move it on. */
export interface Account {
  signedUp: boolean
  customer: boolean
}

const PLANS = weighted<readonly [plan: string, amountCents: number]>([
  [['starter', 1900], 60],
  [['team', 4900], 28],
  [['business', 9900], 12],
])

const BROWSE = weighted<string>([
  ['/features', 24],
  ['/pricing', 22],
  ['/docs', 14],
  ['/docs/quickstart', 12],
  ['/docs/api', 8],
  ['/blog', 8],
  ['/customers', 7],
  ['/about', 5],
])

const APP = weighted<string>([
  ['/app', 40],
  ['/app/reports', 30],
  ['/app/funnels', 16],
  ['/app/settings', 14],
])

const POSTS = [
  '/blog/first-party-analytics',
  '/blog/clickhouse-in-process',
  '/blog/attribution-without-cookies',
  '/blog/spring-launch',
] as const

const CTAS = ['hero', 'pricing', 'footer'] as const

/** Chance that a visitor starts to sign up, by the way they came. */
const INTENT: Record<Arrival['kind'], number> = {
  direct: 0.1,
  search: 0.12,
  ad: 0.14,
  social: 0.05,
  ai: 0.17,
  email: 0.11,
  blog: 0.07,
}

function landing(r: Random, arrival: Arrival): string {
  if (arrival.kind === 'ad') return r.pick(['/', '/lp/spring', '/pricing'])
  if (arrival.kind === 'social' || arrival.kind === 'blog') return r.chance(0.6) ? r.pick(POSTS) : '/'
  if (arrival.kind === 'email') return r.chance(0.5) ? '/blog/spring-launch' : '/pricing'
  if (arrival.kind === 'ai') return r.pick(['/', '/docs/quickstart', '/pricing'])
  if (arrival.kind === 'search')
    return r.pick(['/', '/', '/docs', '/docs/api', '/blog/clickhouse-in-process'])
  return '/'
}

/** The steps of one visit, the first at its start. At most 20 steps of at most 75 seconds: always one session. */
export function journey(r: Random, arrival: Arrival, account: Account, mobile: boolean): Step[] {
  const steps: Step[] = []
  const step = (event: string, path: string, properties: Properties = {}): void => {
    steps.push({ event, path, after: steps.length === 0 ? 0 : r.between(4, 75), properties })
  }
  const view = (path: string): void => step('$pageview', path)

  if (account.signedUp) {
    view('/app')
    step('login', '/app', { method: r.pick(['password', 'google', 'github']) })
    for (let i = r.between(1, 6); i > 0; i -= 1) view(APP(r))
    if (r.chance(0.5))
      step('report_created', '/app/reports', { kind: r.pick(['funnel', 'sources', 'cohorts']) })
    if (!account.customer && r.chance(0.22)) checkout()
    return steps
  }

  const first = landing(r, arrival)
  view(first)
  if (r.chance(mobile ? 0.5 : 0.4)) return steps
  for (let i = r.between(1, mobile ? 4 : 7); i > 0; i -= 1) view(BROWSE(r))
  if (!r.chance(INTENT[arrival.kind] * (mobile ? 0.8 : 1.3))) return steps
  const page = r.chance(0.5) ? '/pricing' : first
  step('clicked_cta', page, { position: r.pick(CTAS) })
  view('/signup')
  step('signup_started', '/signup', { method: r.pick(['password', 'google', 'github']) })
  if (!r.chance(mobile ? 0.45 : 0.62)) return steps
  account.signedUp = true
  step('$identify', '/signup', { plan: 'free', team_size: r.between(1, 12) })
  step('signup', '/signup', { plan: 'free' })
  view('/app')
  if (r.chance(0.12)) checkout()
  return steps

  function checkout(): void {
    const [plan, amount_cents] = PLANS(r)
    account.customer = true
    view('/checkout')
    step('purchase', '/checkout', { plan, amount_cents, currency: 'EUR', order_id: `o_${r.hex(10)}` })
  }
}
