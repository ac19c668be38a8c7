import { type Random, weighted } from './random.js'

/** What a visitor's browser tells about itself. */
export interface Device {
  mobile: boolean
  userAgent: string
  ip: string
  language: string
  viewport: number
}

const DESKTOPS = weighted<string>([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    38,
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    22,
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    12,
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    11,
  ],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', 7],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 5],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    4,
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/124.0.0.0',
    1,
  ],
])

const MOBILES = weighted<string>([
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
    46,
  ],
  [
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
    40,
  ],
  ['Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0', 4],
  [
    'Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
    6,
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    4,
  ],
])

const CRAWLERS = weighted<string>([
  ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 40],
  ['Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', 20],
  [
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
    16,
  ],
  ['Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)', 14],
  ['Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)', 10],
])

const LANGUAGES = weighted<string>([
  ['en-US', 50],
  ['en-GB', 14],
  ['de-DE', 14],
  ['fr-FR', 8],
  ['es-ES', 7],
  ['pt-BR', 7],
])

/** Addresses of the ranges that are reserved for documentation. */
function address(r: Random): string {
  if (r.chance(0.4)) return `2001:db8:${r.hex(4)}:${r.hex(4)}::${r.between(1, 9)}`
  return `${r.pick(['192.0.2', '198.51.100', '203.0.113'])}.${r.between(1, 254)}`
}

export function device(r: Random, mobile: boolean): Device {
  const userAgent = (mobile ? MOBILES : DESKTOPS)(r)
  const viewport = mobile ? r.pick([360, 390, 412, 430]) : r.pick([1280, 1440, 1536, 1920, 2560])
  return { mobile, userAgent, ip: address(r), language: LANGUAGES(r), viewport }
}

export function crawler(r: Random): Device {
  return { mobile: false, userAgent: CRAWLERS(r), ip: address(r), language: 'en-US', viewport: 1024 }
}
