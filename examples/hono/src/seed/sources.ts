import { type Random, weighted } from './random.js'

/** How a visit came to the site: what the landing URL and the referrer carry. */
export interface Arrival {
  kind: 'direct' | 'search' | 'ad' | 'social' | 'ai' | 'email' | 'blog'
  query: string
  referrer: string
}

type Make = (r: Random) => Arrival

const CAMPAIGNS = ['spring_launch', 'brand', 'competitors', 'retargeting'] as const
const token = (r: Random): string => `${r.hex(8)}-${r.hex(12)}`

function from(kind: Arrival['kind'], referrer: string, query: (r: Random) => string = () => ''): Make {
  return (r) => ({ kind, referrer, query: query(r) })
}

function utm(source: string, medium: string, click?: string): (r: Random) => string {
  return (r) => {
    const query = `utm_source=${source}&utm_medium=${medium}&utm_campaign=${r.pick(CAMPAIGNS)}`
    return click ? `${query}&${click}=${token(r)}` : query
  }
}

const ARRIVALS = weighted<Make>([
  [from('direct', ''), 210],
  [from('search', 'https://www.google.com/'), 190],
  [from('search', 'https://www.google.de/'), 36],
  [from('search', 'https://www.google.co.uk/'), 30],
  [from('search', 'https://www.bing.com/'), 26],
  [from('search', 'https://duckduckgo.com/'), 24],
  [from('search', 'https://www.ecosia.org/'), 5],
  [from('search', 'https://search.brave.com/'), 6],
  [from('ad', 'https://www.google.com/', utm('google', 'cpc', 'gclid')), 80],
  [from('ad', 'https://www.bing.com/', utm('bing', 'cpc', 'msclkid')), 12],
  [from('ad', 'https://l.facebook.com/', utm('facebook', 'cpc', 'fbclid')), 54],
  [from('ad', 'https://l.instagram.com/', utm('instagram', 'paid_social', 'fbclid')), 30],
  [from('ad', 'https://www.tiktok.com/', utm('tiktok', 'cpc', 'ttclid')), 22],
  [from('ad', 'https://www.linkedin.com/', utm('linkedin', 'cpc', 'li_fat_id')), 16],
  [from('ad', '', utm('podcast_devtalk', 'cpm')), 8],
  [from('social', 'https://www.reddit.com/'), 24],
  [from('social', 'https://t.co/x'), 22],
  [from('social', 'https://www.linkedin.com/'), 16],
  [from('social', 'https://m.facebook.com/'), 12],
  [from('social', 'https://l.facebook.com/', (r) => `fbclid=${token(r)}`), 12],
  [from('social', 'https://www.youtube.com/'), 12],
  [from('social', 'https://www.instagram.com/'), 7],
  [from('ai', 'https://chatgpt.com/', () => 'utm_source=chatgpt.com'), 22],
  [from('ai', 'https://www.perplexity.ai/'), 12],
  [from('ai', 'https://claude.ai/'), 9],
  [from('ai', 'https://gemini.google.com/'), 6],
  [from('ai', 'https://copilot.microsoft.com/'), 3],
  [
    from(
      'email',
      '',
      (r) => `utm_source=newsletter&utm_medium=email&utm_campaign=weekly_${r.between(41, 44)}`,
    ),
    46,
  ],
  [from('email', 'https://mail.google.com/'), 9],
  [from('email', 'https://outlook.live.com/'), 5],
  [from('blog', 'https://news.ycombinator.com/'), 22],
  [from('blog', 'https://dev.to/ada/first-party-analytics-in-your-own-backend'), 12],
  [from('blog', 'https://lobste.rs/'), 6],
  [from('blog', 'https://blog.weekly-backend.example/issue-112'), 9],
  [from('blog', 'https://www.smallteams.example/tools/analytics'), 7],
  [from('blog', '', () => 'utm_source=partner_hub&utm_medium=referral&utm_campaign=directory'), 6],
])

/** People who come back mostly type the address or open a mail. */
const RETURNS = weighted<Make>([
  [from('direct', ''), 62],
  [from('search', 'https://www.google.com/'), 14],
  [
    from(
      'email',
      '',
      (r) => `utm_source=newsletter&utm_medium=email&utm_campaign=weekly_${r.between(41, 44)}`,
    ),
    14,
  ],
  [from('ad', 'https://l.facebook.com/', utm('facebook', 'cpc', 'fbclid')), 5],
  [from('ad', 'https://www.google.com/', utm('google', 'cpc', 'gclid')), 5],
])

/** The arrival of a person's visit; the first one differs from the later ones. */
export function arrival(r: Random, visit: number): Arrival {
  return (visit === 0 ? ARRIVALS : RETURNS)(r)(r)
}
